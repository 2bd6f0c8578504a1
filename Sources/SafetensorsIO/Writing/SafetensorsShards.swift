import ByteJSON
import Files

/// The tensors of a checkpoint cut into files of a size, with the names and the index that HuggingFace's libraries give them.
///
/// One file is `model.safetensors`; several are `model-00001-of-00003.safetensors` and so on, with the index
/// `model.safetensors.index.json`.
public struct SafetensorsShards: Sendable {
    /// All tensors, in the order of their data.
    public let tensors: [SafetensorsEntry]
    /// The places in ``tensors`` of those of each file.
    public let cuts: [Range<Int>]
    /// The names of the files, in the order of ``cuts``.
    public let names: [String]

    /// More files than their names can number.
    private static let countLimit = 99_999

    /// Cuts a list of tensors, in its order.
    ///
    /// - Parameters:
    ///   - tensors: The tensors of all files.
    ///   - byteCountLimit: The most bytes of data in a file; a larger tensor gets a file of its own.
    /// - Returns: nil if there would be more than 99 999 files.
    public init?(_ tensors: [SafetensorsEntry], byteCountLimit: Int) {
        var starts = [0]
        var filled = 0
        for (index, tensor) in tensors.enumerated() {
            if index > starts[starts.count - 1], tensor.byteCount > byteCountLimit - filled {
                starts.append(index)
                filled = 0
            }
            filled += tensor.byteCount
        }
        let count = starts.count
        guard count <= Self.countLimit else { return nil }
        self.tensors = tensors
        cuts = zip(starts, starts.dropFirst() + [tensors.count]).map { $0..<$1 }
        let naming = SafetensorsFile.naming
        let stem = naming.fileName.dropLast(naming.suffix.count)
        names =
            count == 1
            ? [naming.fileName]
            : (1...count).map { "\(stem)-\(Self.padded($0))-of-\(Self.padded(count))\(naming.suffix)" }
    }

    private static func padded(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: 5 - digits.count) + digits
    }

    /// The size of the data of all files in bytes.
    public var byteCount: Int { tensors.reduce(0) { $0 + $1.byteCount } }

    /// The name of the index; nil for one file, which needs none.
    public var indexName: String? { cuts.count == 1 ? nil : SafetensorsFile.naming.indexName }

    /// The text of the index: the size of all tensors, and the file of each, sorted by the tensors' names.
    public var index: [UInt8] {
        let map = zip(cuts, names).flatMap { cut, name in
            tensors[cut].map { (key: ByteString($0.name), value: JSON.string(ByteString(name))) }
        }.sorted { $0.key < $1.key }
        let total = JSONObject([("total_size", .integer(byteCount))])
        return JSON.object(JSONObject([("metadata", .object(total)), ("weight_map", .object(JSONObject(map)))]))
            .serialized(indentation: 2) + [UInt8(ascii: "\n")]
    }
}
