import Files
import GGUF
import Hessians
import Manifests
import Models

extension GGUFMetadata {
    /// Removes what an earlier quantization said about its recipe, importance matrix and calibration.
    mutating func removeQuantization() {
        keepInputs(ofKind: "metadata")
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
