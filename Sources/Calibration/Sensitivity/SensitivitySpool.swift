import Evaluation
import Journals
import Runtime
import Tensors

/// What a measurement of sensitivity has come to, in a journal: the sums of samples and the states of both sets of windows
/// after a layer; all sums; the states of all perturbations after a layer; and their divergences.
package final class SensitivitySpool {
    private let journal: Journal
    private let layerCount: Int
    private let columns: Int
    private var pace = KeepingPace()

    private enum Name {
        static let sampling = "sampling"
        static let samples = "samples"
        static let probing = "probing"
        static let divergences = "divergences"
    }

    /// - Parameters:
    ///   - journal: That of the run.
    ///   - pass: The model that is measured.
    package init(_ journal: Journal, _ pass: ForwardPass) {
        self.journal = journal
        layerCount = pass.plan.layerCount
        columns = pass.plan.embeddingLength
    }

    // MARK: Samples

    /// The sums of all samples, if sampling has ended.
    package func loadSamples() throws -> [String: SensitivitySampling.Sums]? {
        guard let record = try journal.record(Name.samples) else { return nil }
        var reader = RecordReader(record)
        guard let sums = try reader.sums() else { return nil }
        journal.say("going on after the samples of all layers")
        return sums
    }

    /// Keeps the sums of all samples.
    package func keepSamples(_ sums: [String: SensitivitySampling.Sums]) throws {
        try journal.keep(Name.samples) { try $0.append(sums) }
        journal.discard(Name.sampling)
    }

    /// The sums of samples after a layer, and the states of both sets of windows.
    ///
    /// - Parameter rowCounts: The tokens of each set.
    package func loadSampling(
        rowCounts: (Int, Int)
    ) throws -> (layer: Int, sums: [String: SensitivitySampling.Sums], streams: (HiddenStates, HiddenStates))? {
        guard let record = try journal.record(Name.sampling) else { return nil }
        var reader = RecordReader(record)
        let layer = try reader.number()
        guard (0..<layerCount).contains(layer), let sums = try reader.sums() else { return nil }
        let first = try reader.states(rowCount: rowCounts.0, columns: columns)
        let second = try reader.states(rowCount: rowCounts.1, columns: columns)
        journal.say("going on after layer \(layer + 1) of \(layerCount)")
        return (layer, sums, (first, second))
    }

    /// Keeps the sums of samples after a layer and the states of both sets of windows, if it is time.
    package func keepSampling(
        layer: Int, _ sums: [String: SensitivitySampling.Sums], _ streams: (HiddenStates, HiddenStates)
    ) throws {
        try pace.run {
            let rowCount = streams.0.rowCount + streams.1.rowCount
            try journal.keep(
                Name.sampling, expectedByteCount: HiddenStates.recordByteCount(rowCount: rowCount, columns: columns)
            ) { writer in
                try writer.append(layer)
                try writer.append(sums)
                try writer.append(streams.0)
                try writer.append(streams.1)
            }
        }
    }

    // MARK: Probes

    /// The divergences of all perturbations, if they have been compared.
    func loadDivergences(count: Int) throws -> [Double]? {
        guard let record = try journal.record(Name.divergences), record.byteCount == 8 * count else { return nil }
        var reader = RecordReader(record)
        let divergences = try reader.numbers(count)
        journal.say("going on after the probes of all groups")
        return divergences
    }

    /// Keeps the divergences of all perturbations.
    func keepDivergences(_ divergences: [Double]) throws {
        try journal.keep(Name.divergences) { try $0.append(divergences) }
        journal.discard(Name.probing)
    }

    /// The states of the original and of the perturbations after a layer.
    ///
    /// - Parameter rowCount: The tokens of all windows.
    func loadProbing(
        count: Int, rowCount: Int
    ) throws -> (layer: Int, base: HiddenStates, streams: [HiddenStates?])? {
        guard let record = try journal.record(Name.probing) else { return nil }
        var reader = RecordReader(record)
        let layer = try reader.number()
        guard (0..<layerCount).contains(layer), try reader.number() == count else { return nil }
        let isChanged = try (0..<count).map { _ in try reader.number() != 0 }
        let base = try reader.states(rowCount: rowCount, columns: columns)
        let streams = try isChanged.map { try $0 ? reader.states(rowCount: rowCount, columns: columns) : nil }
        journal.say("going on after layer \(layer + 1) of \(layerCount)")
        return (layer, base, streams)
    }

    /// Keeps the states of the original and of the perturbations after a layer, if it is time; nil for perturbations that
    /// have changed nothing yet.
    func keepProbing(layer: Int, _ base: HiddenStates, _ streams: [HiddenStates?]) throws {
        try pace.run {
            let rowCount = base.rowCount * (1 + streams.count { $0 != nil })
            try journal.keep(
                Name.probing, expectedByteCount: HiddenStates.recordByteCount(rowCount: rowCount, columns: columns)
            ) { writer in
                try writer.append(layer)
                try writer.append(streams.count)
                for stream in streams { try writer.append(stream == nil ? 0 : 1) }
                for case let stream? in [base] + streams { try writer.append(stream) }
            }
        }
    }
}

extension RecordWriter {
    /// Appends the sums of tensors, in the order of their names.
    package mutating func append(_ sums: [String: SensitivitySampling.Sums]) throws {
        try append(sums.count)
        for (name, sums) in sums.sorted(by: { $0.key < $1.key }) {
            try append(name)
            try append([sums.energy] + SensitivitySampling.Probe.allCases.map { sums.probes[$0] ?? 0 })
            try append(sums.fed.count)
            for (type, error) in sums.fed.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                try append(Int(type.rawValue))
                try append([error])
            }
        }
    }
}

extension RecordReader {
    /// The sums of tensors by their names; nil if a type is none.
    package mutating func sums() throws -> [String: SensitivitySampling.Sums]? {
        var result: [String: SensitivitySampling.Sums] = [:]
        for _ in 0..<max(0, try number()) {
            let name = try text()
            let probes = SensitivitySampling.Probe.allCases
            let errors = try numbers(1 + probes.count)
            var sums = SensitivitySampling.Sums()
            sums.energy = errors[0]
            sums.probes = Dictionary(uniqueKeysWithValues: zip(probes, errors.dropFirst()))
            for _ in 0..<max(0, try number()) {
                guard let type = UInt32(exactly: try number()).flatMap(TensorType.init(rawValue:)) else { return nil }
                sums.fed[type] = try numbers(1)[0]
            }
            result[name] = sums
        }
        return result
    }
}
