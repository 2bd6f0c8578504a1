import BlockFormats
import Files
import Tensors

/// A use case that cannot be carried out on its inputs.
public struct PipelineError: DiagnosticError, Equatable {
    public enum Kind: Sendable, Equatable {
        /// A weight does not fit the type it is to be stored in.
        case weightOutOfRange(row: Int, column: Int, value: Float, type: TensorType)
        /// No encoder exists for the type that a tensor is to be stored in.
        case unsupportedTarget(TensorType)
        /// Quantized weights would be quantized again.
        case alreadyQuantized(TensorType)
        /// What an unfinished calibration has left is of another one.
        case otherCalibration
        /// No text is long enough for a window that nothing is fitted to.
        case nothingHeldOut
        /// A file does not say what types cost.
        case notSensitivity
        /// It says so of other weights.
        case otherSensitivity(model: String)
        /// The states of all calibration windows do not fit.
        case calibrationTooLarge(neededByteCount: Int, budgetByteCount: Int, windowCount: Int)
        /// The states of all windows that second moments are collected from do not fit.
        case momentsTooLarge(neededByteCount: Int, budgetByteCount: Int, windowCount: Int, fittingCount: Int)
        /// The moments of a matrix and what is made of them do not fit.
        case fittingTooLarge(neededByteCount: Int, budgetByteCount: Int)
        case noTexts
        /// The older form does not say what the GGUF form has to.
        case legacyImportance
        /// A checkpoint has no parts that those of a GGUF could be like.
        case noSplitToKeep
    }

    public let kind: Kind
    public let file: String?
    /// The tensor concerned.
    public let tensor: String?

    public init(_ kind: Kind, file: String? = nil, tensor: String? = nil) {
        self.kind = kind
        self.file = file
        self.tensor = tensor
    }

    public var diagnostic: Diagnostic {
        func more(_ needed: Int, than budget: Int) -> String {
            let (needed, budget) = (ByteCount.text(needed, rounding: .up), ByteCount.text(budget, rounding: .down))
            return "\(needed) of memory, more than \(budget)"
        }
        func report(_ fault: Diagnostic.Fault, _ problem: String, advice: Message? = nil) -> Diagnostic {
            Diagnostic(fault, file: file, place: tensor, problem, advice: advice)
        }
        return switch kind {
        case .weightOutOfRange(let row, let column, let value, let type):
            report(
                .usage, "the weight in row \(row), column \(column) is \(value), too large for \(type.name)",
                advice: "use bf16 or f32")
        case .unsupportedTarget(let type):
            report(.usage, "no weights can be encoded as \(type.name)", advice: "known types: \(BlockFormats.names)")
        case .alreadyQuantized(let type):
            report(
                .usage, "the weights are quantized already, as \(type.name)",
                advice: "start from the original model, or accept the loss with \(.allowsRequantization)")
        case .otherCalibration:
            report(
                .usage, "it is there and belongs to another calibration, or is damaged",
                advice: "remove it to begin anew; only the same run can be continued")
        case .nothingHeldOut:
            report(
                .usage, "no text has more windows than are held out to measure on",
                advice: "give longer texts, or a smaller \(.heldOutCount)")
        case .notSensitivity:
            report(
                .input, "what types cost in each matrix expected, as version \(SensitivityFile.version)",
                advice: "make it with \(run: .measureSensitivity)")
        case .otherSensitivity(let model):
            report(
                .input, "it was measured on other weights than those of \(model)",
                advice: "measure this model with \(run: .measureSensitivity)")
        case .calibrationTooLarge(let needed, let budget, let count):
            report(
                .room,
                "calibrating with \(count) windows needs \(more(needed, than: budget))",
                advice:
                    "raise \(.memory), or take fewer windows: \(.calibrationWindowLimit) of \(run: .quantize), \(.windowLimit) elsewhere"
            )
        case .momentsTooLarge(let needed, let budget, let count, let fitting):
            report(
                .room,
                "second moments of \(count) windows need \(more(needed, than: budget)); "
                    + "\(fitting == 0 ? "not one window" : "\(fitting) windows") would fit",
                advice: "raise \(.memory), or take fewer windows with \(.windowLimit)")
        case .fittingTooLarge(let needed, let budget):
            report(
                .room,
                "encoding with second moments needs \(more(needed, than: budget))",
                advice: "raise \(.memory), or use an importance matrix instead")
        case .legacyImportance:
            report(
                .input, "the older form does not say how many rows the experts have seen, which the GGUF form needs",
                advice: "collect the matrix again; the file can be used for \(run: .quantize) as it is")
        case .noTexts:
            report(.usage, "no text was given", advice: "name at least one with \(.text)")
        case .noSplitToKeep:
            report(
                .usage, "a checkpoint is not split as a GGUF is",
                advice: "say how large parts may be, with \(.splitSizeLimit) or \(.splitTensorLimit)")
        }
    }
}
