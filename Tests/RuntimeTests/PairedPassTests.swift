import ModelArchitecture
import Runtime
import Testing

/// Two models side by side through one layer, against PyTorch's layer; products are rounded to bfloat16.
@Suite struct PairedPassTests {
    /// Gives the matrices of a source for the quantized ones, and keeps what it sees.
    private final class Substitution: PassQuantizer {
        let source: MemoryTensors
        private(set) var sites: [ActivationSite] = []
        private(set) var weights: [ActivationSite: [Float]] = [:]
        private(set) var haveEqualInputs = true
        private(set) var original: [[Float]] = []
        private(set) var quantized: [[Float]] = []

        init(_ source: MemoryTensors) { self.source = source }

        func quantize(_ site: ActivationSite, rows: PairedRows) {
            sites.append(site)
            weights[site] = rows.weights
            for index in 0..<rows.rowCount * rows.columns where rows.inputs[index] != rows.references[index] {
                haveEqualInputs = false
            }
        }

        func decode(_ place: MatrixPlace, into target: UnsafeMutablePointer<Float>) throws {
            let name = TensorName(place.role, layer: place.layer).gguf
            let index = try #require(source.tensors.firstIndex { $0.name == name })
            let shape = source.tensors[index].shape
            let first = place.expert * shape.matrixRowCount
            source.readRows(
                ofTensorAt: index, rows: first..<first + shape.matrixRowCount,
                into: UnsafeMutableRawBufferPointer(
                    start: target, count: 4 * shape.matrixRowCount * shape.rowLength))
        }

        func endLayer(_ layer: Int, original: HiddenStates, quantized: HiddenStates) {
            self.original = (0..<original.rowCount).map { original.values(ofRow: $0) }
            self.quantized = (0..<quantized.rowCount).map { quantized.values(ofRow: $0) }
        }
    }

    private func run(_ layer: LayerCase, quantizedFrom source: MemoryTensors) throws -> Substitution {
        let quantizer = Substitution(source)
        let pass = try layer.pass()
        try PairedPass(
            pass, sequences: layer.sequences, quantizer: quantizer, embedding: pass,
            states: (layer.stream(), layer.stream())
        ).run(layer: 0)
        return quantizer
    }

    @Test(arguments: ["causal", "grouped-query", "windows", "dense", "shared", "scaled weights", "all experts"])
    func equalModelsStayEqual(name: String) throws {
        let layer = try LayerCase(name)
        let found = try run(layer, quantizedFrom: layer.source)
        #expect(found.haveEqualInputs && found.original == found.quantized)
        expectRows(found.original, are: try layer.expected("output"), tolerance: 0.02, "\(name): output")
    }

    /// A matrix's inputs are known before it is quantized, and experts with fewer tokens come later.
    @Test func sitesComeInTheOrderOfTheLayer() throws {
        let layer = try LayerCase("shared")
        let found = try run(layer, quantizedFrom: layer.source)
        let counts = try layer.experts().map(\.rows.count)
        let order = counts.indices.sorted { (-counts[$0], $0) < (-counts[$1], $1) }
        let expected: [(ActivationSite.Input, Int)] =
            [(.attention, 0), (.attentionOutput, 0), (.shared, 0), (.sharedDown, 0), (.router, 0)]
            + order.flatMap { [(.experts, $0), (.expertsDown, $0)] }
        #expect(found.sites == expected.map { ActivationSite(layer: 0, input: $0, expert: $1) })
        for (number, expert) in try layer.experts().enumerated() {
            let site = ActivationSite(layer: 0, input: .experts, expert: number)
            expectRows([found.weights[site] ?? []], are: [expert.weights], tolerance: 0.02, "expert \(number)")
        }
    }

    /// Down matrices of zeros leave the quantized stream as attention made it; the original's is what it was.
    @Test(arguments: ["dense", "shared"])
    func streamsDoNotMix(name: String) throws {
        let layer = try LayerCase(name)
        let down: Set = [
            "blk.0.ffn_down.weight", "blk.0.ffn_down_exps.weight", "blk.0.ffn_down_shexp.weight",
            "blk.0.attn_output.weight",
        ]
        let found = try run(layer, quantizedFrom: layer.source.scaled(down, by: 0))
        #expect(found.quantized == layer.input)
        expectRows(found.original, are: try layer.expected("output"), tolerance: 0.02, "\(name): original")
    }
}
