import Evaluation
import Files
import Models
import Upcycling

/// Compares an upcycled checkpoint with the dense one on texts.
public struct UpcyclingCheck: Sendable {
    /// How texts are cut into windows.
    public var cut: WindowCut
    /// What the work is done with, and who is told of its progress.
    public var compute: Compute

    /// The mean KL divergence in nats, and the natural logarithm of the perplexities' ratio, that sums in another order come to
    /// at most.
    public static let tolerance = 1e-5

    /// A comparison on windows of texts.
    ///
    /// - Parameters:
    ///   - cut: How texts are cut into windows.
    ///   - compute: What the work is done with, and who is told of its progress.
    public init(cut: WindowCut = WindowCut(), compute: Compute = Compute()) {
        self.cut = cut
        self.compute = compute
    }

    /// What the comparison has come to.
    public struct Outcome: Sendable {
        /// What it says of one text.
        public struct Text: Sendable {
            /// The name of the text.
            public let name: String
            /// The perplexity of the dense model per token.
            public let dense: Double
            /// The perplexity of the upcycled model per token.
            public let upcycled: Double
            /// The mean KL divergence from the dense model's predictions in nats per token.
            public let divergence: Double
            /// The natural logarithm of the upcycled model's perplexity over the dense one's.
            public let logRatio: Double
        }

        /// A result for each text.
        public let texts: [Text]
        /// All that was measured of the upcycled model, a result for each text.
        public let results: [EvaluationResult]

        /// Whether both models compute the same, within ``UpcyclingCheck/tolerance``.
        public var areSame: Bool {
            texts.allSatisfy {
                $0.divergence.magnitude <= UpcyclingCheck.tolerance && $0.logRatio.magnitude <= UpcyclingCheck.tolerance
            }
        }
    }

    /// Fails if texts cannot be cut into windows, so that long work does not end in that.
    ///
    /// - Parameters:
    ///   - dense: The dense model.
    ///   - texts: The texts.
    /// - Throws: `EvaluationError` for texts that are too short, or windows that are too long.
    public func prepare(_ dense: Model, texts: [EvaluationText]) throws {
        try cut.check(contextLimit: dense.plan.contextLength)
        for text in texts { _ = try TokenWindows(text, tokenizer: dense.tokenizer, cut: cut) }
    }

    /// Runs both models on texts, and adds the result to the checkpoint's card.
    ///
    /// - Parameters:
    ///   - plan: What was written.
    ///   - path: The folder of the upcycled checkpoint.
    ///   - texts: At least one text.
    /// - Returns: what was measured.
    /// - Throws: errors of reading both models, and of texts that cannot be cut into windows.
    public func run(_ plan: ExpertUpcycling.Plan, path: String, texts: [EvaluationText]) throws -> Outcome {
        let upcycled = try Model.open(path)
        let measured = try Measurement(cut: cut, compute: compute).run(
            [upcycled], reference: .model(plan.dense), texts: texts)
        let results = measured.models[0]
        let outcome = Outcome(
            texts: zip(measured.reference, results).map { dense, result in
                .init(
                    name: result.name, dense: dense.perplexity.mean, upcycled: result.perplexity.mean,
                    divergence: result.divergence?.divergence.mean ?? .nan,
                    logRatio: result.divergence?.logRatio.mean ?? .nan)
            }, results: results)
        var card = UpcycledCard(plan)
        card.check = outcome
        var file = try AtomicFile(path: "\(path)/\(UpcycledCard.name)")
        try file.append(Array(card.text.utf8))
        try file.commit()
        return outcome
    }
}

/// A mixture of experts that should compute what the dense model computes, and does not.
public struct UpcyclingDiffers: DiagnosticError, Equatable {
    /// The folder of the upcycled checkpoint.
    public let path: String
    /// The greatest mean KL divergence of a text, in nats per token.
    public let divergence: Double

    /// Makes the error of a folder.
    ///
    /// - Parameters:
    ///   - path: The folder of the upcycled checkpoint.
    ///   - divergence: The greatest mean KL divergence of a text, in nats per token.
    public init(path: String, divergence: Double) {
        self.path = path
        self.divergence = divergence
    }

    /// The error in words: the folder, what was found and expected, and what to do.
    public var diagnostic: Diagnostic {
        Diagnostic(
            .check, file: path,
            "the experts should compute what the dense model computes, and differ by \(divergence) nats per token, more than "
                + "\(UpcyclingCheck.tolerance)", advice: "do not train on it: the files may be damaged; make it again")
    }
}
