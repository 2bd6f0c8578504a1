import Checkpoints
import Files
import GGUF

extension GGUFMetadata {
    /// Sets every key of `other`, in its order.
    mutating func append(_ other: GGUFMetadata) {
        for entry in other.entries { self[entry.key] = entry.value }
    }

    /// Sets what a checkpoint says of itself.
    package mutating func append(_ general: GeneralMetadata) {
        for (key, value) in general.entries {
            self[ByteString(key)] =
                switch value {
                case .text(let text): .string(ByteString(text))
                case .texts(let texts): .array(.string(texts.map { ByteString($0) }))
                case .count(let count): .uint32(UInt32(clamping: count))
                case .whole(let number): .int32(number)
                case .fraction(let number): .float32(number)
                }
        }
    }
}
