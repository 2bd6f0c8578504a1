import ModelArchitecture
import TensorCore

/// Cosines and sines for every position of a context.
public struct RotaryAngles: Sendable {
    let table: RotaryTable
}

/// Continues a prompt one token at a time over a key-value cache.
public final class Generator {
    private let pass: ForwardPass
    private let cache: KeyValueCache
    private let angles: RotaryAngles

    /// - Parameter capacity: prompt and new tokens together.
    public init(pass: ForwardPass, capacity: Int) throws {
        guard capacity <= pass.plan.contextLength else {
            throw ErrorInFile(
                path: pass.path,
                underlying: RuntimeError(.contextTooLong(requested: capacity, limit: pass.plan.contextLength)))
        }
        self.pass = pass
        cache = KeyValueCache(plan: pass.plan, capacity: capacity)
        angles = RotaryAngles(table: try pass.rotaryTable(positionCount: capacity))
    }

    /// Takes in tokens and returns the logits after the last of them.
    public func feed(_ tokens: TokenSequence) throws -> [Float] {
        guard !tokens.isEmpty else { throw ErrorInFile(path: pass.path, underlying: RuntimeError(.emptyPrompt)) }
        let hidden = try pass.extend(cache, with: tokens, rotary: angles)
        let result = Unchecked(FloatBuffer(count: pass.plan.vocabularySize))
        try pass.logits(of: [hidden.rowCount - 1], in: hidden) { _, logits in
            result.value.base.update(from: logits.baseAddress!, count: logits.count)
        }
        return Array(UnsafeBufferPointer(start: result.value.base, count: pass.plan.vocabularySize))
    }

    /// The greedy continuation of `prompt`.
    ///
    /// - Parameters:
    ///   - isEnd: tokens that end the text; they are not returned.
    ///   - onToken: called with each new token as it comes.
    public func continueGreedily(
        _ prompt: TokenSequence, maximumCount: Int, isEnd: (Int32) -> Bool,
        onToken: (Int32) throws -> Void = { _ in }
    ) throws -> TokenSequence {
        var logits = try feed(prompt)
        var result: TokenSequence = []
        while result.count < maximumCount {
            let token = Int32(logits.indices.max { logits[$0] < logits[$1] }!)
            if isEnd(token) { break }
            result.append(token)
            try onToken(token)
            if result.count < maximumCount { logits = try feed([token]) }
        }
        return result
    }
}
