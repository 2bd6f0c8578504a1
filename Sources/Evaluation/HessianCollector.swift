import ErrorFeedback
import Runtime
import Synchronization
import TensorCore

/// Sums XᵀX of every matrix's inputs X, or of some of their columns, per expert, and hands each site's sum over when its
/// stage ends.
///
/// A stage's inputs are held until it ends, and are then multiplied in the order of their pieces: threads do not change the
/// sums.
public final class HessianCollector: ActivationObserver {
    private struct Piece {
        let number: Int
        let rowCount: Int
        let columns: Int
        let inputs: [Float]
    }

    private let pieces = Mutex<[ActivationSite: [Piece]]>([:])
    private let parallel: Parallel
    private let observes: @Sendable (ActivationSite) -> Bool
    private let selection: @Sendable (ActivationSite, Int) -> Range<Int>
    private let receive: @Sendable (ActivationSite, SecondMoments) -> Void

    /// - Parameters:
    ///   - observes: tells the sites that are wanted.
    ///   - columns: tells which of a site's columns, given how many it has, are summed; all unless told.
    ///   - receive: called from one thread with each site of a stage that has ended, in a fixed order; a later batch of
    ///     sequences brings the same sites again.
    public init(
        parallel: Parallel, observes: @escaping @Sendable (ActivationSite) -> Bool = { _ in true },
        columns: @escaping @Sendable (ActivationSite, Int) -> Range<Int> = { 0..<$1 },
        receive: @escaping @Sendable (ActivationSite, SecondMoments) -> Void
    ) {
        self.parallel = parallel
        self.observes = observes
        selection = columns
        self.receive = receive
    }

    public func observe(
        _ site: ActivationSite, piece: Int, inputs: UnsafePointer<Float>, rowCount: Int, columns: Int
    ) {
        guard observes(site) else { return }
        let wanted = selection(site, columns)
        let count = rowCount * wanted.count
        let copy = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            for row in 0..<rowCount {
                (buffer.baseAddress! + row * wanted.count)
                    .initialize(from: inputs + (row * columns + wanted.lowerBound), count: wanted.count)
            }
            initialized = count
        }
        pieces.withLock {
            $0[site, default: []].append(
                Piece(number: piece, rowCount: rowCount, columns: wanted.count, inputs: copy))
        }
    }

    public func endStage() {
        let stage = pieces.withLock { pieces in
            defer { pieces = [:] }
            return pieces
        }
        let sites = stage.keys.sorted {
            ($0.layer, $0.input.order, $0.expert) < ($1.layer, $1.input.order, $1.expert)
        }
        for site in sites {
            guard let pieces = stage[site]?.sorted(by: { $0.number < $1.number }), let first = pieces.first else {
                continue
            }
            var product = MomentProduct(columns: first.columns)
            product.add(pieces.map { ($0.inputs, $0.rowCount) }, parallel: parallel)
            receive(site, product.moments)
        }
    }
}

extension ActivationSite.Input {
    /// A fixed order of a layer's sites.
    fileprivate var order: Int {
        switch self {
        case .attention: 0
        case .attentionOutput: 1
        case .router: 2
        case .feedForward: 3
        case .feedForwardDown: 4
        case .experts: 5
        case .expertsDown: 6
        case .shared: 7
        case .sharedDown: 8
        case .output: 9
        }
    }
}
