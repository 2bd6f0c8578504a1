import Calibration
import Evaluation
import Files
import FoundationEssentials
import Journals
import ModelArchitecture
import Models
import Recipes
import Verification

/// Quantizes a model to several files in one folder, each fitted to the same texts.
///
/// Each file is resumed by itself; those that are complete are remembered beside them until ``finish()``.
public struct ModelFolder: Sendable {
    /// What a file is to be.
    public enum Goal: Sendable {
        /// A recipe, such as a mix of llama.cpp's.
        case recipe(Recipe)
        /// The best that a budget allows, under a name for the file.
        case budget(Budget, name: String)

        /// What the file's name ends in.
        public var name: String {
            switch self {
            case .recipe(let recipe): recipe.name
            case .budget(_, let name): name
            }
        }
    }

    /// A file that is to be made.
    public struct PlannedFile: Sendable {
        /// What the file is to be.
        public let goal: Goal
        /// Where it is written.
        public let path: String
        /// Its size in bytes, at most.
        public let byteCount: Int
        /// How long it will take, judged by samples; nil for budgets, which begin with measurements.
        public let duration: Duration?
        /// Whether an earlier run has completed it.
        public let isComplete: Bool
    }

    /// The folder.
    public let path: String
    /// The files to make, in order.
    public var goals: [Goal]
    /// The texts that weights are fitted to.
    public var texts: CalibrationTexts
    /// What work is done with, and who is told of its progress.
    public var compute: Compute
    /// Whether what an earlier run has kept is removed, and the work begins anew.
    public var isRestarting = false
    /// What is done after the files are made, and how long it takes if that is known.
    public var lastStep: (name: String, duration: Duration?)?
    private let base: String
    private let model: Model
    private let inputs: QuantizationInputs

    /// A folder for a model.
    ///
    /// - Parameters:
    ///   - path: The folder, which is made if there is none.
    ///   - model: The model, not quantized.
    ///   - goals: The files to make, in order.
    ///   - texts: The texts that weights are fitted to; a budget needs windows that are held out.
    ///   - compute: What work is done with, and who is told of its progress.
    public init(
        path: String, model: Model, goals: [Goal], texts: CalibrationTexts, compute: Compute = Compute()
    ) throws {
        self.path = path
        self.model = model
        self.goals = goals
        self.texts = texts
        self.compute = compute
        base = Self.fileName(model.name)
        inputs = try QuantizationInputs(
            model, guidance: .texts(TextFitting(texts, memory: compute.memory), importance: nil))
    }

    /// The files that will be there.
    ///
    /// - Throws: `RecipeError` if a goal does not suit the model, `FileError` if the folder cannot be written, and an error
    ///   with what differs if it holds the work of another run.
    public func plan() throws -> [PlannedFile] {
        let journal = try journal()
        return try goals.map { goal in
            let path = filePath(goal)
            let isComplete = try journal.map { try Self.isComplete(path, in: $0, goal) } ?? false
            switch goal {
            case .recipe(let recipe):
                let plan = try quantization(recipe).plan(inputs)
                return PlannedFile(
                    goal: goal, path: path, byteCount: plan.fileByteCount,
                    duration: isComplete ? .zero : try plan.duration(), isComplete: isComplete)
            case .budget(let budget, _):
                return PlannedFile(
                    goal: goal, path: path, byteCount: try budget.fileByteLimit(model), duration: nil,
                    isComplete: isComplete)
            }
        }
    }

    /// Makes the files that are not there yet, a step each.
    ///
    /// - Parameter planned: What ``plan()`` has said, which tells how long each will take.
    /// - Returns: the paths of all files, in the order of the goals.
    /// - Throws: the errors of quantizing, measuring and writing.
    public func run(_ planned: [PlannedFile]) throws -> [String] {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let journal = try Journal(output: journalOutput, identity: identity(), isRestarting: isRestarting) {
            [progress = compute.progress] in progress(.note($0))
        }
        let steps = steps(planned)
        for (index, goal) in goals.enumerated() {
            let path = filePath(goal)
            if index < steps.count { compute.progress(.step(steps[index])) }
            guard try !Self.isComplete(path, in: journal, goal) else {
                compute.progress(.note("\(path) is complete"))
                continue
            }
            try make(goal, path)
            try journal.keep(Self.record(goal), Array("\(ReadableFile(path: path).byteCount)".utf8))
        }
        if let last = steps.last, lastStep != nil { compute.progress(.step(last)) }
        return goals.map(filePath)
    }

    /// A step for each file, and the last one if there is one beside them.
    private func steps(_ planned: [PlannedFile]) -> [WorkStep] {
        let parts =
            planned.map { (name: $0.path, duration: $0.isComplete ? .zero : $0.duration) }
            + [lastStep].compactMap { $0 }
        return parts.enumerated().map { index, part in
            let later = parts[(index + 1)...].map(\.duration)
            return WorkStep(
                number: index + 1, count: parts.count, name: part.name, duration: part.duration,
                laterDuration: later.contains(nil) ? nil : later.reduce(.zero) { $0 + ($1 ?? .zero) })
        }
    }

    /// How long it will take to measure the model and all files on texts, judged by a sample.
    ///
    /// - Parameters:
    ///   - texts: The texts.
    ///   - cut: How they are cut into windows.
    /// - Throws: `EvaluationError` for a text that cannot be cut so, and the errors of measuring the sample.
    public func measuringDuration(of texts: [EvaluationText], cut: WindowCut) throws -> Duration {
        try cut.check(contextLimit: model.plan.contextLength)
        let tokenCount = try texts.reduce(0) { sum, text in
            try TokenWindows.windows(of: text, tokenizer: model.tokenizer, cut: cut).reduce(sum) {
                $0 + $1.tokens.count
            }
        }
        return .seconds(
            try CalibrationEstimate.passSeconds(
                model.tensors.tensors, model.plan, tokenCount: tokenCount * (goals.count + 1),
                parallel: compute.parallel))
    }

    /// Forgets what is remembered of the work, since all of it is done.
    public func finish() throws { _ = try Journal.clean(journalOutput) }

    private func make(_ goal: Goal, _ path: String) throws {
        switch goal {
        case .recipe(let recipe):
            _ = try quantization(recipe).plan(inputs).write(to: path, progress: compute.progress)
        case .budget(let budget, _):
            var budgeted = try BudgetedQuantization(
                quantization(Recipe(named: "F16")), budget: budget, compute: compute)
            budgeted.output = path
            budgeted.isRestarting = isRestarting
            _ = try budgeted.plan(inputs).plan.write(to: path, progress: compute.progress)
            try budgeted.removeWork()
        }
    }

    private func quantization(_ recipe: Recipe) -> Quantization {
        var quantization = Quantization(recipe: recipe, parallel: compute.parallel)
        quantization.isRestarting = isRestarting
        return quantization
    }

    // MARK: Names and records

    private func filePath(_ goal: Goal) -> String { "\(path)/\(base)-\(goal.name).gguf" }

    /// A name that is a file's on every system.
    private static func fileName(_ name: String) -> String {
        let safe = name.map { $0.isLetter || $0.isNumber || "._-".contains($0) ? $0 : "-" }
        let trimmed = String(safe).drop { $0 == "." || $0 == "-" }
        return trimmed.isEmpty ? "model" : String(trimmed)
    }

    /// What the folder of the work is named for.
    private var journalOutput: String { "\(path)/make" }

    /// The record of finished files; nil if there is no folder yet.
    private func journal() throws -> Journal? {
        guard FileIdentity(path: path) != nil, !isRestarting else { return nil }
        return try Journal(output: journalOutput, identity: identity())
    }

    private func identity() throws -> RunIdentity {
        var identity = RunIdentity("a folder of quantized files")
        try identity.add("the model", [model])
        identity.add(texts.texts)
        identity.add("the windows of the texts", "\(texts.cut) \(texts.heldOutCount)")
        return identity
    }

    private static func record(_ goal: Goal) -> String {
        "file-" + String(goal.name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
    }

    private static func isComplete(_ path: String, in journal: Journal, _ goal: Goal) throws -> Bool {
        guard let record = try journal.record(record(goal)), let file = try? ReadableFile(path: path) else {
            return false
        }
        return try record.bytes() == Array("\(file.byteCount)".utf8)
    }
}
