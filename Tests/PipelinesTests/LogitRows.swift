import Synchronization

/// Collects rows from several threads.
final class LogitRows: Sendable {
    private let rows: Mutex<[[Float]]>

    init(count: Int) { rows = Mutex([[Float]](repeating: [], count: count)) }

    func set(_ index: Int, _ row: [Float]) { rows.withLock { $0[index] = row } }

    var values: [[Float]] { rows.withLock { $0 } }
}
