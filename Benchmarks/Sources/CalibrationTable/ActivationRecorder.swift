import Runtime
import Synchronization

/// Keeps the inputs of some sites, in the order of their pieces.
final class ActivationRecorder: ActivationObserver {
    private struct State {
        var pieces: [ActivationSite: [(number: Int, rows: [Float])]] = [:]
        var rows: [ActivationSite: [Float]] = [:]
    }

    private let state = Mutex(State())
    private let wanted: @Sendable (ActivationSite) -> Bool

    init(_ wanted: @escaping @Sendable (ActivationSite) -> Bool) { self.wanted = wanted }

    func observe(_ site: ActivationSite, piece: Int, inputs: UnsafePointer<Float>, rowCount: Int, columns: Int) {
        guard wanted(site) else { return }
        let rows = Array(UnsafeBufferPointer(start: inputs, count: rowCount * columns))
        state.withLock { $0.pieces[site, default: []].append((piece, rows)) }
    }

    func endStage() {
        state.withLock { state in
            for (site, pieces) in state.pieces {
                for piece in pieces.sorted(by: { $0.number < $1.number }) {
                    state.rows[site, default: []] += piece.rows
                }
            }
            state.pieces = [:]
        }
    }

    subscript(site: ActivationSite) -> [Float] { state.withLock { $0.rows[site] ?? [] } }
}
