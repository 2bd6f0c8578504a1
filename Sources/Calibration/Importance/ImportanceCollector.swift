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
    private struct Piece {
        let number: Int
        let sums: [Float]
        let rowCount: Int
    }

    private struct Total {
        var sums: [Double]
        var rowCount = 0
    }

    private struct State {
        /// What the running stage has seen.
        var pieces: [ActivationSite: [Piece]] = [:]
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
            return sum + WorkingSet("sums of squares", byteCount: count * MemoryLayout<Double>.stride)
                + WorkingSet("importance", floatCount: count * roles.count)
        }
    }

    func observe(_ rows: ActivationRows, of site: ActivationSite, piece: Int) {
        let columns = rows.columns
        let sums = [Float](unsafeUninitializedCapacity: columns) { buffer, count in
            buffer.initialize(repeating: 0)
            let sums = buffer.baseAddress!
            for row in 0..<rows.count {
                let input = rows.inputs + row &* columns
                for column in 0..<columns { sums[column] += input[column] * input[column] }
            }
            count = columns
        }
        state.withLock {
            $0.pieces[site, default: []].append(Piece(number: piece, sums: sums, rowCount: rows.count))
        }
    }

    /// Adds the stage's pieces in the order of their numbers, so that threads do not change the sums.
    func endStage() {
        state.withLock { state in
            for (site, pieces) in state.pieces {
                let ordered = pieces.sorted { $0.number < $1.number }
                var total = state.totals[site] ?? Total(sums: [Double](repeating: 0, count: ordered[0].sums.count))
                for piece in ordered {
                    for column in piece.sums.indices { total.sums[column] += Double(piece.sums[column]) }
                    total.rowCount += piece.rowCount
                }
                state.totals[site] = total
            }
            state.pieces = [:]
        }
    }

    // MARK: Records

    /// Appends all sums of stages that have ended.
    func append(to writer: inout RecordWriter) throws {
        let totals = state.withLock { $0.totals }
        try writer.append(totals.count)
        for (site, total) in totals {
            try writer.append(site)
            try writer.append(total.rowCount)
            try writer.append(total.sums.count)
            try writer.append(total.sums)
        }
    }

    /// Takes sums that were appended to a record in the place of its own.
    ///
    /// - Returns: false if they are not of this model, and are not taken.
    func restore(from reader: inout RecordReader, plan: DecoderPlan) throws -> Bool {
        var totals: [ActivationSite: Total] = [:]
        for _ in 0..<max(0, try reader.number()) {
            guard let site = try reader.site() else { return false }
            let (rowCount, count) = (try reader.number(), try reader.number())
            guard count == plan.dimensions(of: site.roles[0])[0] else { return false }
            totals[site] = Total(sums: try reader.numbers(count), rowCount: rowCount)
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
                    for (column, sum) in total.sums.enumerated() {
                        sums[expert * dimensions[0] + column] = Float(sum)
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
