import ArgumentParser
import Files
import Journals
import Models
import Parts
import Pipelines

/// A command whose work can be divided into parts.
protocol PartedCommand: WritingCommand {
    associatedtype Work: PartedWork

    /// What the names of parts' files end with.
    var partSuffix: String { get }
    /// The work, with its inputs open.
    ///
    /// - Throws: ``NotDivisible`` for options that parts cannot have, and errors of the inputs.
    func parted() throws -> Work
    /// Does what the command does when all parts are there: writes its outputs and prints its results.
    ///
    /// - Parameter keepsParts: Whether a model is left in as many files as there are parts.
    func finish(_ work: Work, _ parts: CollectedParts, keepsParts: Bool) throws
}

/// An option that the single run may have, and parts may not.
struct NotDivisible: DiagnosticError {
    let problem: String
    var advice: Message?

    var diagnostic: Diagnostic { Diagnostic(.usage, problem, advice: advice) }
}

/// The command line that a plan divides.
struct PlannedJob {
    let command: any PartedCommand
    let files: CommandFiles

    private static let commands: [any SwageSubcommand.Type] = [
        Convert.self, Quantize.self, ImportanceMatrixCommand.self, PerplexityCommand.self, Report.self,
        SensitivityCommand.self,
    ]

    /// Parses the words of a command line, without `swage`.
    ///
    /// - Throws: ``NotDivisible`` for a command that has no parts, or one that cannot be parsed.
    init(_ words: [String]) throws {
        let parsed = try Self.parsed(words)
        let files = CommandFiles(of: parsed)
        guard let command = parsed as? any PartedCommand else {
            let known = Self.commands.map { $0._commandName }.joined(separator: ", ")
            throw NotDivisible(problem: "\(words.first ?? "this") is no job that has parts; those are \(known)")
        }
        guard !command.writesNothing else {
            throw NotDivisible(problem: "a job that only shows what it would do has no parts")
        }
        try files.check()
        self.command = command
        self.files = files
    }

    private static func parsed(_ words: [String]) throws -> any ParsableCommand {
        do {
            return try Swage.parseAsRoot(words)
        } catch {
            guard Swage.exitCode(for: error) != .success else { throw error }
            let reason = Swage.message(for: error)
            throw NotDivisible(problem: "the job \"\(words.joined(separator: " "))\" is not understood: \(reason)")
        }
    }
}

/// A plan that is there, with its job.
struct OpenedPlan {
    let plan: PartPlan
    let location: PlanLocation
    let folder: PartFolder
    let job: PlannedJob

    /// Reads a plan, and lets relative paths begin where those of its job do.
    ///
    /// - Parameter options: Words that are added to the job.
    /// - Throws: `PlanError` if another version made it, or if its job would write elsewhere than below its folder.
    init(_ path: String, adding options: [String] = []) throws {
        let (location, plan) = (try PlanLocation(path), try PartPlan(contentsOf: path))
        try plan.check(nil, version: SwageVersion.current, path: path)
        try location.enter(plan)
        let job = try PlannedJob(plan.job + options.filter { !plan.job.contains($0) })
        for output in job.files.outputs { try location.check(output: output) }
        (self.location, self.plan, self.job) = (location, plan, job)
        folder = try PartFolder(plan, at: location, suffix: job.command.partSuffix)
    }

    /// What runs and collects its parts.
    ///
    /// - Throws: `PlanError` if the inputs are not those that were planned with.
    func running(_ work: any PartedWork) throws -> PartRunning {
        try PartRunning(plan, at: location, folder, work, progress: ProgressLine.handler)
    }
}

/// Work of a library with what a command shows its results with.
protocol WrappedWork: PartedWork {
    /// What is divided.
    var work: any PartedWork { get }
}

extension WrappedWork {
    var unit: PartUnit { work.unit }
    var units: [WorkUnit] { get throws { try work.units } }
    var identity: RunIdentity { get throws { try work.identity } }
    var processor: String? { work.processor }

    func run(_ number: Int, of plan: PartPlan, in folder: PartFolder, isRestarting: Bool) throws -> [String] {
        try work.run(number, of: plan, in: folder, isRestarting: isRestarting)
    }
}
