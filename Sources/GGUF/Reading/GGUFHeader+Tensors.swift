import Files
import Tensors

extension GGUFHeader {
    /// A tensor and its offset from the start of the data.
    typealias Entry = (descriptor: TensorDescriptor, offset: UInt64)

    static func readTensors(_ reader: inout GGUFByteReader, count: Int) throws -> [Entry] {
        var entries: [Entry] = []
        var names: Set<ByteString> = []
        for _ in 0..<count {
            let entry = try readTensor(&reader)
            guard names.insert(ByteString(entry.descriptor.name)).inserted else {
                throw GGUFError(.duplicateTensor, path: reader.file.path, place: .tensor(entry.descriptor.name))
            }
            entries.append(entry)
        }
        return entries
    }

    private static func readTensor(_ reader: inout GGUFByteReader) throws -> Entry {
        let path = reader.file.path
        let start = reader.offset
        let bytes = try reader.readString()
        guard let name = bytes.string else { throw GGUFError(.invalidUTF8, path: path, place: .byte(start)) }
        try GGUFLayout.check(tensorName: name, path: path, place: .byte(start))
        let place = GGUFError.Place.tensor(name)

        let rank = Int(try reader.read(UInt32.self))
        guard rank <= GGUFLayout.largestRank else {
            throw GGUFError(.tooManyDimensions(rank), path: path, place: place)
        }
        var dimensions: [UInt64] = []
        for _ in 0..<rank { dimensions.append(try reader.read()) }
        let exact = dimensions.compactMap { Int(exactly: $0) }
        // A tensor without dimensions is a single number.
        guard exact.count == rank, let shape = TensorShape(rank == 0 ? [1] : exact) else {
            throw GGUFError(.invalidShape(dimensions), path: path, place: place)
        }

        let type = try tensorType(try reader.read(), path: path, place: place)
        guard shape.rowLength.isMultiple(of: type.blockLength) else {
            throw GGUFError(.partialBlock(rowLength: shape.rowLength, type: type), path: path, place: place)
        }
        guard let descriptor = TensorDescriptor(name: name, shape: shape, type: type) else {
            throw GGUFError(.tensorTooLarge, path: path, place: place)
        }
        return (descriptor, try reader.read())
    }

    private static func tensorType(_ number: UInt32, path: String, place: GGUFError.Place) throws -> TensorType {
        if let type = TensorType(rawValue: number) { return type }
        let kind: GGUFError.Kind =
            if GGUFTensorTypeTables.removed[number] != nil {
                .removedTensorType(number)
            } else if GGUFTensorTypeTables.internal[number] != nil {
                .internalTensorType(number)
            } else {
                .foreignTensorType(number)
            }
        throw GGUFError(kind, path: path, place: place)
    }
}
