import ErrorFeedback
import Evaluation
import Foundation
import ModelArchitecture
import Pipelines
import Runtime
import Synchronization
import TensorCore
import Tokenization

/// The second moments of all inputs of a model.
final class Moments: Sendable {
    private let table = Mutex<[ActivationSite: SecondMoments]>([:])
    private let outputMoments = Mutex<SecondMoments?>(nil)

    var output: SecondMoments? { outputMoments.withLock { $0 } }
    private let embeddingMetric = Mutex<SecondMoments?>(nil)

    /// What errors of the embedding cost.
    var embedding: SecondMoments? {
        get { embeddingMetric.withLock { $0 } }
        set { embeddingMetric.withLock { $0 = newValue } }
    }

    subscript(site: ActivationSite) -> SecondMoments? { table.withLock { $0[site] } }

    private func add(_ site: ActivationSite, _ moments: SecondMoments) {
        table.withLock { $0[site]?.add(moments) ?? ($0[site] = moments) }
    }

    /// The moments of an expert, drawn toward the mean of its site.
    func drawn(_ site: ActivationSite, expertCount: Int, priorRowCount: Float) -> SecondMoments? {
        guard expertCount > 1 else { return self[site] }
        let others = (0..<expertCount).compactMap {
            self[ActivationSite(layer: site.layer, input: site.input, expert: $0)]
        }
        guard var mean = others.first else { return nil }
        for other in others.dropFirst() { mean.add(other) }
        return self[site]?.drawn(toward: mean, priorRowCount: priorRowCount) ?? mean
    }

    /// - Parameter layer: the only layer that is wanted; the layer count stands for the output, nil for everything.
    func collect(
        _ pass: ForwardPass, windows: [TokenSequence], layer: Int? = nil, parallel: Parallel
    ) throws {
        let collector = HessianCollector(
            parallel: parallel, observes: { layer == nil || $0.layer == layer }, receive: add)
        let width = pass.plan.embeddingLength
        var product = MomentProduct(columns: width)
        for start in stride(from: 0, to: windows.count, by: 64) {
            let batch = Array(windows[start..<min(windows.count, start + 64)])
            let hidden = try pass.run(batch, observer: collector)
            guard layer == nil || layer == pass.plan.layerCount else { continue }
            let rowCount = batch.reduce(0) { $0 + $1.count }
            var rows: [Float] = []
            rows.reserveCapacity(rowCount * width)
            let states = try pass.finalStates(of: Array(0..<rowCount), in: hidden)
            for row in 0..<rowCount { rows += states.values(ofRow: row) }
            product.add([(rows, rowCount)], parallel: parallel)
        }
        if product.moments.rowCount > 0 { outputMoments.withLock { $0 = product.moments } }
    }

    /// Reads what ``write(to:)`` wrote; false if there is no such file.
    func read(_ path: String) throws -> Bool {
        guard let data = FileManager.default.contents(atPath: path) else { return false }
        let file = try JSONDecoder().decode([Stored].self, from: data)
        for entry in file {
            let values = entry.values.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
            let moments = SecondMoments(columns: entry.columns, values: values, rowCount: entry.rowCount)
            if let input = ActivationSite.Input(name: entry.input) {
                add(ActivationSite(layer: entry.layer, input: input, expert: entry.expert), moments)
            } else if entry.input == "embedding" {
                embedding = moments
            } else {
                outputMoments.withLock { $0 = moments }
            }
        }
        return true
    }

    func write(to path: String) throws {
        var file: [Stored] = []
        for (site, moments) in table.withLock({ $0 }) {
            file.append(Stored("\(site.input)", site.layer, site.expert, moments))
        }
        if let output { file.append(Stored("output", 0, 0, output)) }
        if let embedding { file.append(Stored("embedding", 0, 0, embedding)) }
        try JSONEncoder().encode(file).write(to: URL(filePath: path))
    }

    private struct Stored: Codable {
        let input: String
        let layer: Int
        let expert: Int
        let columns: Int
        let rowCount: Int
        let values: Data

        init(_ input: String, _ layer: Int, _ expert: Int, _ moments: SecondMoments) {
            self.input = input
            self.layer = layer
            self.expert = expert
            columns = moments.columns
            rowCount = moments.rowCount
            values = moments.values.withUnsafeBytes { Data($0) }
        }
    }
}

extension ActivationSite.Input {
    fileprivate static let all: [ActivationSite.Input] = [
        .attention, .attentionOutput, .router, .feedForward, .feedForwardDown, .experts, .expertsDown, .shared,
        .sharedDown,
    ]

    fileprivate init?(name: String) {
        guard let input = Self.all.first(where: { "\($0)" == name }) else { return nil }
        self = input
    }
}
