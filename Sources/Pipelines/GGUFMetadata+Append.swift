import Checkpoints
import Files
import GGUFContainer
import Hessians

extension GGUFMetadata {
    /// Sets every key of `other`, in its order.
    mutating func append(_ other: GGUFMetadata) {
        for entry in other.entries { self[entry.key] = entry.value }
    }

    /// Sets what a checkpoint says of itself.
    mutating func append(_ general: GeneralMetadata) {
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

    /// Removes what an earlier quantization said about its recipe, importance matrix and calibration.
    mutating func removeQuantization() {
        removeAll { key in
            [RecipeFile.key, "swage.types"].contains(key) || key.bytes.starts(with: "quantize.imatrix.".utf8)
                || key.bytes.starts(with: "swage.calibration.".utf8)
        }
    }

    /// Says which second moments matrices were fitted to.
    mutating func describe(_ hessian: HessianFile) {
        let origin = hessian.origin
        self["swage.calibration.hessian"] = .string(ByteString(Provenance.lastComponent(hessian.path)))
        self["swage.calibration.model"] = .string(ByteString(origin.model))
        self["swage.calibration.texts"] = .array(.string(origin.datasets.map { ByteString($0) }))
        self["swage.calibration.context"] = .uint32(UInt32(clamping: origin.chunkSize))
        self["swage.calibration.windows"] = .uint32(UInt32(clamping: origin.chunkCount))
    }
}
