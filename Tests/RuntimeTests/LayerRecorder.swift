import Runtime
import Synchronization
import Testing

/// Keeps what every matrix of a layer was multiplied with.
final class LayerRecorder: ActivationObserver {
    private struct Piece {
        let number: Int
        let rows: [[Float]]
        let weights: [Float]?
    }

    private let pieces = Mutex<[ActivationSite: [Piece]]>([:])

    func observe(_ rows: ActivationRows, of site: ActivationSite, piece: Int) {
        let values = (0..<rows.count).map { row in
            Array(UnsafeBufferPointer(start: rows.inputs + row * rows.columns, count: rows.columns))
        }
        let found = Piece(number: piece, rows: values, weights: rows.weights.map(Array.init))
        pieces.withLock { $0[site, default: []].append(found) }
    }

    func endStage() {}

    private func ordered(_ input: ActivationSite.Input, expert: Int) -> [Piece] {
        let site = ActivationSite(layer: 0, input: input, expert: expert)
        return pieces.withLock { $0[site] ?? [] }.sorted { $0.number < $1.number }
    }

    func rows(_ input: ActivationSite.Input, expert: Int = 0) -> [[Float]] {
        ordered(input, expert: expert).flatMap(\.rows)
    }

    func weights(_ input: ActivationSite.Input, expert: Int) -> [Float] {
        ordered(input, expert: expert).flatMap { $0.weights ?? [] }
    }
}

/// What a layer makes of a case's inputs.
struct LayerRun {
    let output: [[Float]]
    let recorder = LayerRecorder()

    init(_ layer: LayerCase, threadCount: Int = 2) throws {
        let stream = layer.stream()
        try layer.pass(threadCount: threadCount).run(layer: 0, of: layer.sequences, stream, observer: recorder)
        output = (0..<stream.rowCount).map { stream.values(ofRow: $0) }
    }
}

/// Fails unless every row is as near to the reference's as float32 allows: within `tolerance` times its length.
func expectRows(
    _ found: [[Float]], are expected: [[Float]], tolerance: Double = 4e-6, _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(found.map(\.count) == expected.map(\.count), "\(what)", sourceLocation: sourceLocation)
    let distances = zip(found, expected).map { found, expected in
        let norm = expected.reduce(0.0) { $0 + Double($1) * Double($1) }
        let distance = zip(found, expected).reduce(0.0) {
            $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1))
        }
        return distance == 0 ? 0 : (distance / norm).squareRoot()
    }
    guard let worst = distances.indices.max(by: { distances[$0] < distances[$1] }) else { return }
    // Not a number is not within it either.
    let isNear = distances.allSatisfy { $0 <= tolerance }
    #expect(isNear, "\(what): row \(worst) is off by \(distances[worst])", sourceLocation: sourceLocation)
}
