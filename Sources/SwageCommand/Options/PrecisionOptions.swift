import ArgumentParser
import Pipelines
import Runtime

/// How precisely a model is computed.
struct PrecisionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How activations are multiplied with weights: reference, in float32, or fast, with 8 bits and bfloat16.",
            discussion: "fast is what inference engines do; the handbook has what it costs."))
    var precision: Precision = .reference

    /// What a use case works with, at this precision.
    func applied(to compute: Compute) -> Compute {
        var compute = compute
        compute.precision = precision
        return compute
    }
}

extension Precision: ExpressibleByArgument {}
