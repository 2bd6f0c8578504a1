import Files
import ModelArchitecture
import Numerics
import Parallelism
import Tensors

/// The token ids of one sequence; tokens see those before them in their own sequence alone.
public typealias TokenSequence = [Int32]

/// The forward pass of a model: a plan and its weights, over batches of sequences, layer by layer.
///
/// All sequences of a batch go through a layer before the next one begins, so that every weight is read and decoded
/// once per batch. Work is cut by sequence, by expert and by fixed panels of rows, never by thread: results do not
/// depend on the thread count. Decoded weights are those of two steps at a time, an expert or the matrices of
/// attention.
public final class ForwardPass: Sendable {
    /// The architecture that the pass computes.
    public let plan: DecoderPlan
    /// The path of the model, which errors name.
    public let path: String
    let weights: ModelWeights
    let engine: Engine
    /// Whether the model is larger than the memory, which its pages would only fill.
    let releasesPages: Bool

    /// Finds the weights of a model; nothing is read yet.
    ///
    /// - Parameters:
    ///   - plan: the architecture that the pass computes.
    ///   - source: the tensors of the model under their GGUF names.
    ///   - path: the path of the model, which errors name.
    ///   - parallel: runs the work; results do not depend on the number of threads.
    ///   - memory: the memory that the process may use.
    ///   - precision: how activations are multiplied with weights.
    /// - Throws: `ErrorInFile` with a ``RuntimeError`` if a weight is missing or unknown, has another shape, or a type
    ///   that cannot be decoded.
    public init(
        plan: DecoderPlan, source: any TensorSource, path: String, parallel: Parallel,
        memory: MemoryBudget = .available, precision: Precision = .reference
    ) throws {
        self.plan = plan
        self.path = path
        weights = try Self.naming(path) { try ModelWeights(source: source, plan: plan, precision) }
        self.engine = Engine(parallel: parallel, memory: memory)
        releasesPages = source.tensors.reduce(0) { $0 + $1.byteCount } > memory.byteCount
    }

    /// The memory that the process may use.
    public var memory: MemoryBudget { engine.memory }

    /// The time spent so far in all threads, by activity.
    public var times: PassTimes { engine.times }

    /// Runs sequences from their first token on.
    ///
    /// - Parameters:
    ///   - sequences: the sequences, each of one token or more.
    ///   - start: a layer and the residual stream after it, as `layerEnd` had it in an earlier run of the same
    ///     sequences; the run goes on with the next layer, and changes the stream. Nil begins with the embedding.
    ///   - end: how many of the layers the stream goes through; nil for all.
    ///   - observer: is shown the inputs of every matrix; nil if nobody needs to see them.
    ///   - layerEnd: called with the number of each finished layer and the residual stream after it; layer −1 is the
    ///     embedding.
    public func run(
        _ sequences: [TokenSequence], from start: (layer: Int, hidden: HiddenStates)? = nil,
        until end: Int? = nil, observer: (any ActivationObserver)? = nil,
        layerEnd: ((_ layer: Int, _ hidden: HiddenStates) throws -> Void)? = nil
    ) throws -> HiddenStates {
        try Self.naming(path) {
            try run(
                batch(sequences, observer: observer), from: start, until: end ?? plan.layerCount, layerEnd: layerEnd)
        }
    }

    /// Takes the residual streams of sequences through one layer.
    ///
    /// - Parameters:
    ///   - layer: the number of the layer, from 0.
    ///   - sequences: the sequences that the streams are of.
    ///   - hidden: the streams after the layer before, which become those after this layer.
    ///   - observer: is shown the inputs of every matrix; nil if nobody needs to see them.
    public func run(
        layer: Int, of sequences: [TokenSequence], _ hidden: HiddenStates, observer: (any ActivationObserver)? = nil
    ) throws {
        try Self.naming(path) {
            let batch = try batch(sequences, observer: observer)
            let steps = try steps(for: batch)
            defer { releaseMemory(after: batch) }
            try run(layer: layer, batch, hidden: hidden, steps, isLast: true)
        }
    }

    /// The residual streams of sequences before the first layer.
    public func embedding(of sequences: [TokenSequence]) throws -> HiddenStates {
        try Self.naming(path) {
            let batch = try batch(sequences, observer: nil)
            let hidden = HiddenStates(rowCount: batch.rowCount, columns: plan.embeddingLength)
            try embed(batch, into: hidden)
            return hidden
        }
    }

    private func batch(_ sequences: [TokenSequence], observer: (any ActivationObserver)?) throws -> Batch {
        let longest = sequences.map(\.count).max() ?? 0
        return Batch(
            sequences: sequences, cache: nil, rotary: try rotaryTable(positionCount: longest), observer: observer)
    }

    private func steps(for batch: Batch) throws -> any StepRunner {
        batch.isSmall ? PiecewiseSteps(engine: engine) : try pipeline(for: batch)
    }

    /// Gives the threads' memory back, but for what one token after the other needs.
    private func releaseMemory(after batch: Batch) {
        if !batch.isSmall { engine.release() }
    }

    /// Adds the model's path to the errors of some work.
    static func naming<Result>(_ path: String, _ work: () throws -> Result) throws -> Result {
        do {
            return try work()
        } catch let error as RuntimeError {
            throw ErrorInFile(path: path, underlying: error)
        }
    }

    /// Continues one sequence after the tokens in `cache`, and adds the new ones to it.
    public func extend(
        _ cache: KeyValueCache, with tokens: TokenSequence, rotary: RotaryAngles
    ) throws -> HiddenStates {
        try Self.naming(path) {
            guard cache.count + tokens.count <= cache.capacity else {
                throw RuntimeError(.contextTooLong(requested: cache.count + tokens.count, limit: cache.capacity))
            }
            let batch = Batch(sequences: [tokens], cache: cache, rotary: rotary.table, observer: nil)
            let hidden = try run(batch, from: nil, until: plan.layerCount, layerEnd: nil)
            cache.advance(by: tokens.count)
            return hidden
        }
    }

    private func run(
        _ batch: Batch, from start: (layer: Int, hidden: HiddenStates)?, until end: Int,
        layerEnd: ((Int, HiddenStates) throws -> Void)?
    ) throws -> HiddenStates {
        let hidden = start?.hidden ?? HiddenStates(rowCount: batch.rowCount, columns: plan.embeddingLength)
        let first = (start?.layer ?? -1) + 1
        precondition(hidden.rowCount == batch.rowCount && hidden.columns == plan.embeddingLength)
        if start == nil {
            try embed(batch, into: hidden)
            try layerEnd?(-1, hidden)
        }
        guard first < end else { return hidden }
        let steps = try steps(for: batch)
        defer { releaseMemory(after: batch) }
        for layer in first..<end {
            try run(layer: layer, batch, hidden: hidden, steps, isLast: layer + 1 == end)
            try layerEnd?(layer, hidden)
        }
        return hidden
    }

    /// - Parameter isLast: whether no other layer follows, whose weights would have to be announced.
    private func run(
        layer: Int, _ batch: Batch, hidden: HiddenStates, _ steps: any StepRunner, isLast: Bool
    ) throws {
        try attend(batch, layer: layer, hidden, steps)
        try feedForward(batch, layer: layer, hidden, steps, isLast: isLast)
        if let row = hidden.firstNonFiniteRow() {
            throw RuntimeError(.nonFiniteActivation, place: "layer \(layer), token \(row)")
        }
    }

    func embed(_ batch: Batch, into hidden: HiddenStates) throws {
        let embedding = weights[.tokenEmbedding]
        let tokens = batch.sequences.flatMap { $0 }
        if let bad = tokens.first(where: { $0 < 0 || $0 >= embedding.rows }) {
            throw RuntimeError(.tokenOutOfRange(id: bad, vocabularySize: embedding.rows))
        }
        try engine.forEachRange(tokens.count, length: HiddenStates.panelLength) { rows, scratch in
            for row in rows {
                let token = Int(tokens[row])
                try embedding.decode(rows: token..<token + 1, into: hidden.row(row), scratch: scratch)
            }
        }
    }

    /// Angles for positions from 0 on.
    func rotaryTable(positionCount: Int) throws -> RotaryTable {
        let factors = plan.rope.hasFrequencyFactors ? try vector(.rotaryFactors) : nil
        return RotaryTable(plan.rope, factors: factors, positionCount: positionCount)
    }

    /// A norm of the model.
    func norm(_ role: TensorRole, layer: Int? = nil) throws -> RMSNorm {
        RMSNorm(weight: try vector(role, layer: layer), epsilon: plan.normEpsilon)
    }

    /// The decoded values of a vector such as a norm's weight.
    private func vector(_ role: TensorRole, layer: Int? = nil) throws -> FloatBuffer {
        let matrix = weights[role, layer]
        let buffer = FloatBuffer(count: matrix.columns)
        try matrix.decode(rows: 0..<1, into: buffer.base, scratch: engine.shared)
        return buffer
    }
}
