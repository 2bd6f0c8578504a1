import Evaluation
import Tokenizers

/// Texts that show what a model's matrices get, cut into windows, of which some may be held out to measure on.
public struct CalibrationTexts: Sendable {
    /// The texts, in the order in which their windows follow each other.
    public var texts: [EvaluationText]
    /// How texts are cut into windows.
    public var cut: WindowCut
    /// Windows at the end of each text that nothing is fitted to; of a text that has no more, none.
    public var heldOutCount: Int

    /// Texts to calibrate with.
    ///
    /// - Parameters:
    ///   - texts: The texts, in the order in which their windows follow each other.
    ///   - cut: How texts are cut into windows.
    ///   - heldOutCount: Windows at the end of each text that nothing is fitted to.
    public init(_ texts: [EvaluationText], cut: WindowCut = WindowCut(), heldOutCount: Int = 0) {
        self.texts = texts
        self.cut = cut
        self.heldOutCount = heldOutCount
    }

    /// The windows that weights are fitted to, and those that are held out: of each text with more than enough the last.
    ///
    /// - Parameters:
    ///   - tokenizer: The model's tokenizer.
    ///   - contextLimit: The tokens that the model's context has.
    /// - Throws: `EvaluationError` if a text has no window, or if windows are longer than the model's context.
    package func windows(
        _ tokenizer: Tokenizer, contextLimit: Int
    ) throws -> (fitting: [EvaluationWindow], heldOut: [EvaluationWindow]) {
        try cut.check(contextLimit: contextLimit)
        var (fitting, heldOut): ([EvaluationWindow], [EvaluationWindow]) = ([], [])
        for text in texts {
            let windows = try TokenWindows.windows(of: text, tokenizer: tokenizer, cut: cut)
            let count = windows.count > heldOutCount ? heldOutCount : 0
            fitting += windows.dropLast(count)
            heldOut += windows.suffix(count)
        }
        return (fitting, heldOut)
    }

    /// The files that the texts are read from.
    package var paths: [String] { texts.compactMap(\.path) }

    /// The windows that weights are fitted to and those that are held out, of which there is at least one.
    ///
    /// - Parameters:
    ///   - tokenizer: The model's tokenizer.
    ///   - contextLimit: The tokens that the model's context has.
    /// - Throws: ``CalibrationError`` if none is held out, and what ``windows(_:contextLimit:)`` throws.
    package func measuredWindows(
        _ tokenizer: Tokenizer, contextLimit: Int
    ) throws -> (fitting: [EvaluationWindow], heldOut: [EvaluationWindow]) {
        let windows = try windows(tokenizer, contextLimit: contextLimit)
        guard !windows.heldOut.isEmpty else { throw CalibrationError(.nothingHeldOut) }
        return windows
    }
}
