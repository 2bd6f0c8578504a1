import ArgumentParser
import Checkpoints
import Files
import Manifests
import Models
import Pipelines
import Reporting
import Verification

struct Verify: SwageSubcommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Checks that a file is sound, and with --against that it was made from the weights that it should be.",
        usage: "swage verify <file> [--against <original>] [<options>]",
        discussion: """
            Everything is read: the container, every block of every tensor, the keys and shapes of the architecture, and \
            the vocabulary. What is wrong is named with its tensor, row, block and byte, and the exit code is 3. With \
            --against both models are compared tensor by tensor, down to rows, columns and blocks, within what \
            quantization to each type costs; the exit code is 5 if they do not agree. Docs/Verification.md says what that \
            proves, and what it cannot.
            """,
        examples:
            "verify xverse-Q4_K_M.gguf",
        "verify xverse-Q4_K_M.gguf --against XVERSE-MoE-A4.2B-Chat")

    @Argument(help: "A GGUF file, any part of a split one, or a checkpoint directory.")
    var file: InputPath

    @Option(help: ArgumentHelp("What it was made from: a checkpoint directory or a GGUF file.", valueName: "original"))
    var against: InputPath?

    @Option(help: "The most findings, and with --against tensors, to list.")
    var limit = 20

    @OptionGroup(title: "Reading the model") var reading: ModelOptions
    @OptionGroup(title: "Work") var work: ThreadOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit must be at least 1") }
        guard reading.padExperts == .auto else {
            throw ValidationError("--pad-experts: weights are verified as they are stored")
        }
        try reading.demand(against?.path)
    }

    func run() throws {
        let compute = work.compute
        compute.progress(.stage(.checking(path: file.path)))
        let soundness = try FileVerification(parallel: compute.parallel) { compute.progress(.fraction($0)) }.run(
            file.path)
        let original =
            soundness.findings.isEmpty ? try against.map { try reading.open($0.path, expertPadding: .off) } : nil
        let origin = try original.map { try verifyOrigin($0, compute) }
        ProgressLine.clear()
        for note in soundness.notes + (origin?.notes ?? []) { compute.progress(.note(Message(note))) }
        let report = VerificationReport(soundness, origin)
        if terminal.json {
            let manifest = try Manifest(verified: soundness.files, against: original)
            try JSONOutput.print(VerificationSummary(report, path: file.path, original: against?.path, manifest))
        } else {
            try StandardStream.output.write(report.text(path: file.path, original: against?.path, limit: limit))
        }
        guard let first = report.findings.first else { return }
        throw VerificationFailure(first: first, count: report.findings.count)
    }

    private func verifyOrigin(_ original: Model, _ compute: Compute) throws -> OriginVerification.Report {
        let model = try Model.open(file.path, expertPadding: .off, expertNormalization: reading.normalizeExperts)
        compute.progress(.stage(.comparing(model: model.userName)))
        return try OriginVerification(parallel: compute.parallel) { compute.progress(.fraction($0)) }
            .run(model, original: original)
    }
}

/// What ends a verification that has found something: the first finding, and how many there are.
private struct VerificationFailure: DiagnosticError {
    let first: Finding
    let count: Int

    var diagnostic: Diagnostic {
        var diagnostic = first.diagnostic
        if count > 1 { diagnostic.problem += "; \(count) findings in all" }
        return diagnostic
    }
}
