import Pipelines
import Runtime

extension Stage {
    /// What the progress line calls it.
    var words: String {
        switch self {
        case .hashingWeights: "hashing the weights"
        case .writing(let path): "writing \(Self.name(path))"
        case .writingParts(let count): "writing \(count) parts"
        case .joiningParts(let count): "joining \(count) parts"
        case .checking(let path): "checking \(Self.name(path))"
        case .calibrating: "calibrating"
        case .collectingImportance: "collecting importance"
        case .collectingSecondMoments: "collecting second moments"
        case .probing(let count): "probing \(count) groups of matrices"
        case .sampling(let count): "sampling \(count) types"
        case .measuringHeldOut: "measuring"
        case .evaluating(let models, let reference):
            "evaluating \(models.joined(separator: ", "))" + (reference.map { " beside \($0)" } ?? "")
        case .answering(let model): "answering, \(model)"
        case .comparing(let model): "comparing \(model)"
        }
    }

    private static func name(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
}

extension PassTimes.Activity {
    /// What the verbose line calls it.
    var word: String {
        switch self {
        case .read: "read"
        case .dequantize: "dequantize"
        case .multiply: "multiply"
        case .attention: "attention"
        case .softmax: "softmax"
        }
    }
}
