import Evaluation
import Importance
import Journals
import ModelArchitecture
import Numerics
import Runtime
import Synchronization
import Tokenizers

/// Sums the squares of every matrix's inputs, per column and expert.
final class ImportanceCollector: ActivationObserver {
    private struct Total {
        var squares: ExactSquares
        var rowCount = 0

        mutating func add(_ squares: ExactSquares, _ count: Int) {
            self.squares.add(squares)
            rowCount += count
        }
    }

    private struct State {
        var totals: [ActivationSite: Total] = [:]
    }

    private let state = Mutex(State())

    /// The memory of the sums over all sites of a model's layers, and of the entries that are made of them.
    static func workingSet(_ plan: DecoderPlan) -> WorkingSet {
        let inputs: [ActivationSite.Input] = [
            .attention, .attentionOutput, .router, .feedForward, .feedForwardDown, .experts, .expertsDown, .shared,
            .sharedDown,
        ]
        return inputs.reduce(.none) { sum, input in
            let roles = ActivationSite(layer: 0, input: input, expert: 0).roles
            let dimensions = plan.dimensions(of: roles[0])
            let count = plan.layerCount * dimensions[0] * (dimensions.count > 2 ? dimensions[2] : 1)
            return sum + WorkingSet("sums of squares", byteCount: count * MemoryLayout<Int128>.stride)
                + WorkingSet("importance", floatCount: count * roles.count)
        }
    }

    func observe(_ rows: ActivationRows, of site: ActivationSite, piece: Int) {
        var squares = ExactSquares(count: rows.columns)
        squares.addRows(rows.inputs, count: rows.count)
        state.withLock { state in
            state.totals[site, default: Total(squares: ExactSquares(count: rows.columns))].add(squares, rows.count)
        }
    }

    /// Does nothing: no order of adding changes the sums.
    func endStage() {}

    /// Adds sums that were appended to a record.
    ///
    /// - Returns: false if they are not of this model, and are not taken.
    func add(from reader: inout RecordReader, plan: DecoderPlan) throws -> Bool {
        let other = ImportanceCollector()
        guard try other.restore(from: &reader, plan: plan) else { return false }
        let added = other.state.withLock { $0.totals }
        state.withLock { state in
            for (site, total) in added {
                state.totals[site, default: Total(squares: ExactSquares(count: total.squares.sums.count))]
                    .add(total.squares, total.rowCount)
            }
        }
        return true
    }

    // MARK: Records

    /// Appends all sums of stages that have ended.
    func append(to writer: inout RecordWriter) throws {
        let totals = state.withLock { $0.totals }
        try writer.append(totals.count)
        for (site, total) in totals.sorted(by: { $0.key.order < $1.key.order }) {
            try writer.append(site)
            try writer.append(total.rowCount)
            try writer.append(total.squares)
        }
    }

    /// Takes sums that were appended to a record in the place of its own.
    ///
    /// - Returns: false if they are not of this model, and are not taken.
    func restore(from reader: inout RecordReader, plan: DecoderPlan) throws -> Bool {
        var totals: [ActivationSite: Total] = [:]
        for _ in 0..<max(0, try reader.number()) {
            guard let site = try reader.site() else { return false }
            let rowCount = try reader.number()
            guard let squares = try reader.squares(count: plan.dimensions(of: site.roles[0])[0]) else { return false }
            totals[site] = Total(squares: squares, rowCount: rowCount)
        }
        state.withLock { $0.totals = totals }
        return true
    }

    // MARK: Result

    /// The sums by tensor name; experts that saw nothing have zeros.
    ///
    /// - Throws: `EvaluationError` if a sum is not finite.
    func entries(plan: DecoderPlan) throws -> [String: ImportanceMatrix.Entry] {
        let totals = state.withLock { $0.totals }
        var bySite: [ActivationSite: [Int: Total]] = [:]
        for (site, total) in totals {
            let stack = ActivationSite(layer: site.layer, input: site.input, expert: 0)
            bySite[stack, default: [:]][site.expert] = total
        }
        var result: [String: ImportanceMatrix.Entry] = [:]
        for (site, experts) in bySite {
            for role in site.roles {
                let dimensions = plan.dimensions(of: role)
                let stackCount = dimensions.count > 2 ? dimensions[2] : 1
                var sums = [Float](repeating: 0, count: dimensions[0] * stackCount)
                var counts = [Float](repeating: 0, count: stackCount)
                for (expert, total) in experts {
                    for column in total.squares.sums.indices {
                        sums[expert * dimensions[0] + column] =
                            total.squares.isFinite ? total.squares.value(at: column) : .nan
                    }
                    counts[expert] = Float(total.rowCount)
                }
                let name = TensorName(role, layer: site.input == .output ? nil : site.layer).gguf
                guard let entry = ImportanceMatrix.Entry(rowLength: dimensions[0], sums: sums, counts: counts) else {
                    throw EvaluationError(.nonFiniteResult, file: name)
                }
                result[name] = entry
            }
        }
        return result
    }
}
