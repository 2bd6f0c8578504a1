import Runtime
import Testing

/// Norm, attention and residual stream of one layer, against PyTorch.
@Suite struct AttentionTests {
    /// What heads see, and what the output matrix and the residual stream make of it.
    private func check(_ name: String, tolerance: Double = 4e-6) throws {
        let layer = try LayerCase(name)
        let run = try LayerRun(layer)
        expectRows(
            run.recorder.rows(.attention), are: try layer.expected("attention"), tolerance: tolerance, "\(name): norm")
        expectRows(
            run.recorder.rows(.attentionOutput), are: try layer.expected("attentionOutput"), tolerance: tolerance,
            "\(name): heads")
        let second: ActivationSite.Input = layer.plan.experts == nil ? .feedForward : .router
        expectRows(
            run.recorder.rows(second), are: try layer.expected("feedForward"), tolerance: tolerance,
            "\(name): second norm")
        expectRows(run.output, are: try layer.expected("output"), tolerance: tolerance, "\(name): output")
    }

    @Test(arguments: ["causal", "grouped-query", "one key head", "heads wider than the stream"])
    func heads(name: String) throws { try check(name) }

    /// Each sequence begins at position 0 and sees nothing of the others, and panels of a long one see those before them.
    @Test(arguments: ["windows", "several panels"])
    func sequences(name: String) throws { try check(name) }

    /// Logits far apart: almost all weight is on one key.
    @Test func sharpSoftmax() throws { try check("sharp", tolerance: 4e-5) }

    @Test(arguments: ["no rope", "part of each head", "linear", "yarn", "llama3", "frequency factors"])
    func rotation(name: String) throws { try check(name, tolerance: 1e-5) }

    /// Rows from 2⁻³⁰ to 2⁷⁰: below the first, epsilon decides; the squares of the last exceed float32.
    @Test func sizesOfInputs() throws { try check("sizes") }

    @Test(arguments: ["windows", "several panels", "shared"])
    func threadsChangeNothing(name: String) throws {
        let layer = try LayerCase(name)
        #expect(try LayerRun(layer, threadCount: 1).output == LayerRun(layer, threadCount: 3).output)
    }

    /// The cases that this folder's suites name are all that there are.
    @Test func everyCaseIsTested() throws {
        let tested =
            [
                "causal", "grouped-query", "one key head", "heads wider than the stream", "windows", "several panels",
                "sharp", "no rope", "part of each head", "linear", "yarn", "llama3", "frequency factors", "sizes",
            ] + GatedBlockTests.names + RoutingTests.names
        #expect(try Set(LayerCase.names()) == Set(tested))
    }
}
