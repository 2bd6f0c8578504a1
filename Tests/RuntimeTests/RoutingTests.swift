import Runtime
import Testing

/// Which experts tokens go to, with what weights, and what they add, against PyTorch.
@Suite struct RoutingTests {
    static let names = [
        "normalised", "plain probabilities", "softmax of the chosen", "scaled weights", "all experts", "one expert",
    ]

    @Test(arguments: names + ["shared"])
    func experts(name: String) throws {
        let layer = try LayerCase(name)
        let run = try LayerRun(layer)
        let normalized = try layer.expected("feedForward")
        expectRows(run.recorder.rows(.router), are: normalized, "\(name): router")
        let experts = try layer.experts()
        #expect(experts.count == layer.plan.experts?.count)
        for (number, expert) in experts.enumerated() {
            let what = "\(name): expert \(number)"
            expectRows(
                run.recorder.rows(.experts, expert: number), are: expert.rows.map { normalized[$0] }, "\(what), inputs")
            expectRows(run.recorder.rows(.expertsDown, expert: number), are: expert.gated, "\(what), gated")
            for input in [ActivationSite.Input.experts, .expertsDown] {
                expectRows(
                    [run.recorder.weights(input, expert: number)], are: [expert.weights], "\(what), weights")
            }
        }
        expectRows(run.output, are: try layer.expected("output"), "\(name): output")
    }
}
