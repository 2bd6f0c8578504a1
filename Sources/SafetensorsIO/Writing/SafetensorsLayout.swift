import ByteJSON
import Files

/// What is in front of the data of a safetensors file, and how large the file is.
struct SafetensorsLayout {
    let tensors: [SafetensorsEntry]
    /// The length of the header as the format has it, and the header, with spaces to a multiple of 8 bytes.
    let header: [UInt8]
    /// The size of the whole file in bytes.
    let byteCount: Int

    private static let alignment = 8

    /// - Parameters:
    ///   - metadata: `__metadata__` of the header, left out if it is empty.
    ///   - path: the file, for errors.
    init(metadata: [SafetensorsFile.Metadata], tensors: [SafetensorsEntry], path: String) throws {
        var members: [(key: ByteString, value: JSON)] = []
        if !metadata.isEmpty {
            let entries = JSONObject(metadata.map { ($0.key, .string($0.value)) })
            members.append((SafetensorsHeader.metadataKey, .object(entries)))
        }
        var names: Set<ByteString> = [SafetensorsHeader.metadataKey]
        var offset = 0
        for tensor in tensors {
            let name = ByteString(tensor.name)
            guard names.insert(name).inserted else { throw SafetensorsError(.duplicateKey(name), path: path) }
            let (end, overflow) = offset.addingReportingOverflow(tensor.byteCount)
            guard !overflow else {
                throw SafetensorsError(.shapeTooLarge(tensor.shape), path: path, place: .tensor(tensor.name))
            }
            members.append(
                (
                    name,
                    .object(
                        JSONObject([
                            ("dtype", .string(ByteString(tensor.type.rawValue))),
                            ("shape", .array(tensor.shape.map { .integer($0) })),
                            ("data_offsets", .array([.integer(offset), .integer(end)])),
                        ]))
                ))
            offset = end
        }
        var text = JSON.object(JSONObject(members)).serialized()
        text += [UInt8](repeating: UInt8(ascii: " "), count: -text.count & (Self.alignment - 1))
        guard text.count <= SafetensorsHeader.limit else {
            throw SafetensorsError(
                .headerTooLarge(byteCount: UInt64(text.count), limit: SafetensorsHeader.limit), path: path)
        }
        self.tensors = tensors
        header = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
        byteCount = header.count + offset
    }
}
