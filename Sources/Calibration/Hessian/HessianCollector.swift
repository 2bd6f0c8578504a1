import ErrorFeedback
import ModelArchitecture
import Numerics
import Parallelism
import Runtime
import Synchronization

/// Sums XᵀX of every matrix's inputs X, or of blocks of their columns, per expert, and hands each site's sums over when its
/// stage ends.
///
/// An expert's rows are multiplied by their routing weights before: errors of its outputs reach the states so much the less.
///
/// A stage's inputs are held until it ends, and are then multiplied in the order of their pieces: threads do not change the
/// sums.
public final class HessianCollector: ActivationObserver {
    private struct Piece {
        let number: Int
        let rowCount: Int
        /// The rows of each block's columns after each other.
        let inputs: [[Float]]
    }

    private let pieces = Mutex<[ActivationSite: [Piece]]>([:])
    private let parallel: Parallel
    private let observes: @Sendable (ActivationSite) -> Bool
    private let blocks: @Sendable (Int) -> [Range<Int>]
    private let receive: @Sendable (ActivationSite, Int, SecondMoments) -> Void

    /// A collector that hands its sums to a function.
    ///
    /// - Parameters:
    ///   - parallel: The threads that multiply.
    ///   - observes: Tells the sites that are wanted.
    ///   - blocks: Tells which blocks of so many columns are summed, each by itself; one of all unless told.
    ///   - receive: Called from one thread with each site of a stage that has ended, its blocks one by one with their numbers,
    ///     in a fixed order; a later batch of sequences brings the same sites again.
    public init(
        parallel: Parallel, observes: @escaping @Sendable (ActivationSite) -> Bool = { _ in true },
        blocks: @escaping @Sendable (Int) -> [Range<Int>] = { [0..<$0] },
        receive: @escaping @Sendable (ActivationSite, Int, SecondMoments) -> Void
    ) {
        self.parallel = parallel
        self.observes = observes
        self.blocks = blocks
        self.receive = receive
    }

    /// The memory of the inputs of a stage, that with the most.
    ///
    /// - Parameters:
    ///   - plan: The model.
    ///   - tokenCount: The tokens of all sequences; an expert may get all of them.
    package static func inputWorkingSet(_ plan: DecoderPlan, tokenCount: Int) -> WorkingSet {
        func width(_ role: TensorRole) -> Int { plan.dimensions(of: role)[0] }
        let stages: [(TensorRole, TensorRole)] = [
            (.attentionQuery, .attentionOutput), (.feedForwardGate, .feedForwardDown), (.expertsGate, .expertsDown),
            (.sharedGate, .sharedDown),
        ]
        return .largest(
            stages.map { WorkingSet("inputs of a stage", floatCount: tokenCount * (width($0) + width($1))) })
    }

    /// Keeps the inputs of a site, block by block, until the stage ends.
    public func observe(_ rows: ActivationRows, of site: ActivationSite, piece: Int) {
        guard observes(site) else { return }
        let weights = rows.weights.map(Array.init)
        let copies = blocks(rows.columns).map { block in
            let count = rows.count * block.count
            return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
                for row in 0..<rows.count {
                    let target = buffer.baseAddress! + row * block.count
                    let source = rows.inputs + (row * rows.columns + block.lowerBound)
                    let weight = weights?[row] ?? 1
                    for column in 0..<block.count { (target + column).initialize(to: weight * source[column]) }
                }
                initialized = count
            }
        }
        pieces.withLock {
            $0[site, default: []].append(Piece(number: piece, rowCount: rows.count, inputs: copies))
        }
    }

    /// Multiplies the inputs of the stage and hands each site's sums over.
    public func endStage() {
        let stage = pieces.withLock { pieces in
            defer { pieces = [:] }
            return pieces
        }
        let sites = stage.keys.sorted {
            ($0.layer, $0.input.number, $0.expert) < ($1.layer, $1.input.number, $1.expert)
        }
        for site in sites {
            guard let pieces = stage[site]?.sorted(by: { $0.number < $1.number }), let first = pieces.first else {
                continue
            }
            for (block, inputs) in first.inputs.enumerated() {
                var product = MomentProduct(columns: inputs.count / first.rowCount)
                product.add(pieces.map { ($0.inputs[block], $0.rowCount) }, parallel: parallel)
                receive(site, block, product.moments)
            }
        }
    }
}
