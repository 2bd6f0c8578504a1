import Files

/// An error of a model that cannot be run, or of a run that cannot be done.
public struct RuntimeError: DiagnosticError, Equatable {
    /// What is wrong, with what was found and what was expected.
    public enum Kind: Sendable, Equatable {
        /// The model lacks a tensor of its plan.
        case missingTensor
        /// The model has a tensor that the plan has no place for.
        case unknownTensor
        /// The tensor has another shape than the plan says.
        case wrongShape(found: String, expected: String)
        /// The tensor is of a type that cannot be decoded.
        case unsupportedType(String)
        /// A weight is infinite or not a number.
        case nonFiniteWeight(row: Int)
        /// An output of a matrix or a layer is infinite or not a number.
        case nonFiniteActivation
        /// The work needs more memory than the budget allows.
        case notEnoughMemory(neededByteCount: Int, budgetByteCount: Int)
        /// A token is not in the vocabulary.
        case tokenOutOfRange(id: Int32, vocabularySize: Int)
        /// A sequence is longer than the context.
        case contextTooLong(requested: Int, limit: Int)
        /// There is no token to begin with.
        case emptyPrompt
    }

    /// What is wrong, with what was found and what was expected.
    public let kind: Kind
    /// The tensor or layer concerned.
    public let place: String?

    /// Makes the error of a run; `place` names the tensor or layer concerned, if there is one.
    public init(_ kind: Kind, place: String? = nil) {
        self.kind = kind
        self.place = place
    }

    /// The error in words: place, what was found and expected, and what to do. It names no file.
    public var diagnostic: Diagnostic {
        switch kind {
        case .missingTensor:
            Diagnostic(.input, place: place, "the tensor is missing", advice: "check that the model is complete")
        case .unknownTensor:
            Diagnostic(
                .input, place: place, "the tensor is not part of this architecture",
                advice: "the results would be wrong without it; this variant is not supported")
        case .wrongShape(let found, let expected):
            Diagnostic(
                .input, place: place, "the shape is \(found), \(expected) expected",
                advice: "the model's configuration and weights do not belong together")
        case .unsupportedType(let name):
            Diagnostic(.input, place: place, "weights of type \(name) cannot be decoded")
        case .nonFiniteWeight(let row):
            Diagnostic(
                .input, place: place, "a weight in row \(row) is infinite or not a number",
                advice: "download the checkpoint again, or convert it from a better source")
        case .nonFiniteActivation:
            Diagnostic(
                .work, place: place, "its output is infinite or not a number",
                advice:
                    "the weights are damaged or too coarse; \(run: .compareWeights) tells how far they are from the original's"
            )
        case .notEnoughMemory(let needed, let budget):
            Diagnostic(
                .room,
                "the run needs \(ByteCount.text(needed, rounding: .up)) of memory, more than the budget of "
                    + ByteCount.text(budget, rounding: .down),
                advice: "raise \(.memory), or use fewer \(.threads) or a smaller \(.context)")
        case .tokenOutOfRange(let id, let size):
            Diagnostic(.usage, place: place, "token \(id) is outside the vocabulary of \(size)")
        case .contextTooLong(let requested, let limit):
            Diagnostic(
                .usage, "\(requested) tokens are more than the model's context of \(limit)",
                advice: "use a smaller context or a shorter text")
        case .emptyPrompt:
            Diagnostic(.usage, "there is no token to start from", advice: "give a prompt")
        }
    }
}
