import ArgumentParser
import Parallelism
import Pipelines
import Runtime

/// Options of every command that computes.
struct ThreadOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "Threads to use; the result does not depend on it. Default: all processors.")
    var threads: Int?

    func validate() throws {
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads must be from 1 to 1024") }
    }

    /// What a use case works with.
    var compute: Compute { Compute(parallel: Parallel(threadCount: threads), progress: ProgressLine.handler) }
}

/// Options of every command that runs a model over many tokens at a precision of choice.
struct ComputeOptions: ParsableArguments {
    @OptionGroup var work: WorkOptions
    @OptionGroup var choice: PrecisionOptions

    /// The precision of products.
    var precision: Precision { choice.precision }
    /// What a use case works with.
    var compute: Compute { choice.applied(to: work.compute) }
}

/// Options of every command that runs a model over many tokens.
struct WorkOptions: ParsableArguments {
    @OptionGroup var threads: ThreadOptions

    @Option(
        help: ArgumentHelp(
            "The memory to work in, such as 8G; the model may be larger. Default: three quarters of what is free.",
            valueName: "size"))
    var memory: ByteSize?

    /// What a use case works with.
    var compute: Compute {
        var compute = threads.compute
        if let memory { compute.memory = MemoryBudget(byteCount: memory.byteCount) }
        return compute
    }
}
