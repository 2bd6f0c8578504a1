import BlockFormats
import Files
import Tensors

/// A use case that cannot be carried out on its inputs.
public struct PipelineError: DiagnosticError, Equatable {
    public enum Kind: Sendable, Equatable {
        /// A weight does not fit the type it is to be stored in.
        case weightOutOfRange(row: Int, column: Int, value: Float, type: TensorType)
        /// No decoder exists for the type that a tensor is stored in.
        case unsupportedType(TensorType)
        /// No encoder exists for the type that a tensor is to be stored in.
        case unsupportedTarget(TensorType)
        /// Quantized weights would be quantized again.
        case alreadyQuantized(TensorType)
        /// What an unfinished calibration has left is of another one.
        case otherCalibration
        case cannotCreateFolder
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
        /// The output would overwrite an input.
        case outputIsInput
        case noTexts
        /// The older form does not say what the GGUF form has to.
        case legacyImportance
        /// A tensor of one of two models is not in the other.
        case missingCounterpart
        case otherShape(TensorShape, original: TensorShape)
        /// Token ids do not mean the same in both models.
        case otherTokens(than: String, String)
        /// A file of tools or documents that is something else.
        case notMaterial(String)
        /// A context that the model was not made for.
        case contextOutOfRange(Int, limit: Int)
        /// The prompt leaves no room in the context; `limit` is the model's.
        case promptTooLong(tokenCount: Int, context: Int, limit: Int)
        /// A turn of a conversation leaves no room in the context, even without the turns before it.
        case turnTooLong(tokenCount: Int, context: Int, limit: Int)
        /// Neither the model nor the user says what a conversation looks like.
        case noChatTemplate
        /// What was asked for is neither a conversation format that has a name nor a file.
        case unknownChatTemplate(known: [String])
        /// What was asked for as a recipe is no file, but perhaps the name of a mix.
        case noRecipeFile(isMix: Bool, mixes: [String])
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
        case .unsupportedType(let type):
            report(
                .input, "weights of type \(type.name) cannot be decoded",
                advice: "start from a file in one of: \(BlockFormats.names)")
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
        case .cannotCreateFolder: report(.work, "the folder cannot be made", advice: "check the path and its rights")
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
        case .outputIsInput:
            report(.usage, "the output is also an input", advice: "choose another name")
        case .notMaterial(let problem):
            report(.input, problem, advice: "write an array of JSON objects, as OpenAI's interface takes them")
        case .otherTokens(let reference, let difference):
            report(
                .input, "its tokens are not those of the reference \(reference): not the same is \(difference)",
                advice:
                    "compare models that were made from the same checkpoint; with \(run: .report) "
                    + "others are comparable per character and byte"
            )
        case .missingCounterpart:
            report(
                .input, "the tensor is not in this model, but in the one it is compared with",
                advice: "compare a file with the model that it was made from")
        case .otherShape(let shape, let original):
            report(
                .input, "the shape is \(shape), the original's \(original)",
                advice: "compare a file with the model that it was made from")
        case .legacyImportance:
            report(
                .input, "the older form does not say how many rows the experts have seen, which the GGUF form needs",
                advice: "collect the matrix again; the file can be used for \(run: .quantize) as it is")
        case .noTexts:
            report(.usage, "no text was given", advice: "name at least one with \(.text)")
        case .contextOutOfRange(let context, let limit):
            report(
                .usage, "a context of \(context) tokens was asked for; the model's can be from 2 to \(limit)",
                advice: "use \(.context, limit) or less")
        case .promptTooLong(let tokenCount, let context, let limit):
            report(
                .usage,
                "the prompt has \(tokenCount) tokens, and a context of \(context) has room for \(context - 1) and an answer",
                advice: Self.adviceOnLength("the prompt", context, limit))
        case .turnTooLong(let tokenCount, let context, let limit):
            report(
                .usage,
                "this turn has \(tokenCount) tokens, and a context of \(context) has room for \(context - 1) and an answer",
                advice: Self.adviceOnLength("it", context, limit))
        case .noChatTemplate:
            report(
                .usage, "the model does not say what a conversation looks like: it has no chat template",
                advice: "give one: \(.template, "FILE") for a Jinja template, or \(.template, "chatml")")
        case .unknownChatTemplate(let known):
            report(
                .usage, "there is neither a conversation format nor a file of this name",
                advice: "known formats: \(known.joined(separator: ", ")); or give the path of a Jinja file")
        case .noRecipeFile(let isMix, let mixes):
            report(
                .usage, "there is no recipe file of this name",
                advice: isMix
                    ? "it is the name of a mix: use \(.type, file ?? "")"
                    : "give the path of a JSON or GGUF file; mixes are named with \(.type): "
                        + "\(mixes.joined(separator: ", "))")
        }
    }

    private static func adviceOnLength(_ what: String, _ context: Int, _ limit: Int) -> Message {
        context < limit ? "shorten \(what), or use a larger \(.context), up to \(limit)" : "shorten \(what)"
    }
}

extension BlockFormats {
    /// The supported types, for messages.
    static var names: String { supportedTypes.map(\.name).joined(separator: ", ") }
}
