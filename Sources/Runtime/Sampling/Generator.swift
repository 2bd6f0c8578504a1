import Files
import ModelArchitecture
import Numerics

/// The cosines and sines of a rotary embedding for every position of a context.
public struct RotaryAngles: Sendable {
    let table: RotaryTable
}

/// One sequence of tokens that grows over a key-value cache.
public final class Generator {
    private let pass: ForwardPass
    private let cache: KeyValueCache
    private let angles: RotaryAngles
    /// The tokens in the cache.
    public private(set) var tokens: TokenSequence = []

    /// Begins a sequence without tokens.
    ///
    /// - Parameters:
    ///   - pass: the model.
    ///   - capacity: the most tokens in the sequence, at most the context length of the model.
    /// - Throws: `ErrorInFile` with a ``RuntimeError`` if the capacity exceeds the context length.
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

    /// Appends tokens to the sequence and returns the logits after the last of them, one for each token of the
    /// vocabulary.
    public func feed(_ added: TokenSequence) throws -> [Float] {
        guard !added.isEmpty else { throw ErrorInFile(path: pass.path, underlying: RuntimeError(.emptyPrompt)) }
        let hidden = try pass.extend(cache, with: added, rotary: angles)
        tokens += added
        let result = Unchecked(FloatBuffer(count: pass.plan.vocabularySize))
        try pass.logits(of: [hidden.rowCount - 1], in: hidden) { _, logits in
            result.value.base.update(from: logits.baseAddress!, count: logits.count)
        }
        return Array(UnsafeBufferPointer(start: result.value.base, count: pass.plan.vocabularySize))
    }

    /// Replaces the sequence by another, computes only the tokens after their longest common beginning, and returns the
    /// logits after the last token.
    ///
    /// - Parameters:
    ///   - sequence: the tokens, at least one.
    ///   - pieceLength: the most tokens that go through the model together.
    ///   - isInterrupted: called before each piece; if it returns true the work ends, and the tokens computed so far
    ///     stay.
    /// - Returns: one logit for each token of the vocabulary; nil if the work was interrupted.
    public func logits(
        after sequence: TokenSequence, pieceLength: Int = .max, isInterrupted: () -> Bool = { false }
    ) throws -> [Float]? {
        guard !sequence.isEmpty else { throw ErrorInFile(path: pass.path, underlying: RuntimeError(.emptyPrompt)) }
        let shared = zip(tokens, sequence).prefix { $0 == $1 }.count
        // The logits after the last token have to be computed, even if it is in the cache.
        let kept = min(shared, sequence.count - 1)
        cache.truncate(to: kept)
        tokens.removeSubrange(kept...)
        while true {
            if isInterrupted() { return nil }
            let end = tokens.count + min(pieceLength, sequence.count - tokens.count)
            let logits = try feed(Array(sequence[tokens.count..<end]))
            if end == sequence.count { return logits }
        }
    }
}
