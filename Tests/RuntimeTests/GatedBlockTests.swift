import Runtime
import Testing

/// `down(silu(gate(x)) · up(x))` for all rows, against PyTorch.
@Suite struct GatedBlockTests {
    static let names = ["dense", "shared"]

    /// Gates are from far below zero to far above.
    @Test func dense() throws {
        let layer = try LayerCase("dense")
        let run = try LayerRun(layer)
        expectRows(run.recorder.rows(.feedForward), are: try layer.expected("feedForward"), "inputs")
        expectRows(run.recorder.rows(.feedForwardDown), are: try layer.expected("gated"), "gated")
        expectRows(run.output, are: try layer.expected("output"), "output")
    }

    /// Two shared experts are one block of twice the width.
    @Test(arguments: ["shared", "scaled weights"])
    func besideExperts(name: String) throws {
        let layer = try LayerCase(name)
        let run = try LayerRun(layer)
        expectRows(run.recorder.rows(.shared), are: try layer.expected("feedForward"), "inputs")
        expectRows(run.recorder.rows(.sharedDown), are: try layer.expected("gated"), "gated")
        expectRows(run.output, are: try layer.expected("output"), "output")
    }
}
