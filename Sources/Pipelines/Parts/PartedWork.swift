import Files
import Journals
import Models
import Parts

/// A job that can be divided into parts.
package protocol PartedWork {
    /// What the job is divided by.
    var unit: PartUnit { get }
    /// All units, in order.
    var units: [WorkUnit] { get throws }
    /// What decides the result beside the words of the job.
    var identity: RunIdentity { get throws }
    /// The kind of processor, if it decides last bits of the result; nil if it does not.
    var processor: String? { get }
    /// Does a part; its file appears when it is complete.
    ///
    /// - Parameters:
    ///   - number: The part's number, counted from 1.
    ///   - plan: The parts of the job.
    ///   - folder: Knows the paths of parts' files.
    ///   - isRestarting: Whether what an earlier run of the part has kept is removed.
    /// - Returns: what joining needs beside the file.
    func run(_ number: Int, of plan: PartPlan, in folder: PartFolder, isRestarting: Bool) throws -> [String]
}

extension PartedWork {
    package var processor: String? { nil }

    /// Divides the work.
    ///
    /// - Parameters:
    ///   - job: The words of the job's command line.
    ///   - directory: Where the job's paths begin, as a path from the plan's folder.
    ///   - count: The number of parts.
    package func plan(job: [String], directory: String, count: Int) throws -> PartPlan {
        try PartPlan(
            version: SwageVersion.current, job: job, directory: directory, identity: identity, unit: unit,
            units: units, count: count)
    }
}

/// Runs parts of a job, and collects them.
package struct PartRunning {
    /// A part that is there.
    package struct Outcome: Sendable {
        /// The part's number, counted from 1.
        package let number: Int
        /// The path of its file.
        package let path: String
        /// Whether it was there already.
        package let isKept: Bool
        /// What is known of it.
        package let record: PartRecord
    }

    private let plan: PartPlan
    private let location: PlanLocation
    private let folder: PartFolder
    private let work: any PartedWork
    private let progress: ProgressHandler

    /// - Throws: ``PlanError`` if the work is not what was planned.
    package init(
        _ plan: PartPlan, at location: PlanLocation, _ folder: PartFolder, _ work: any PartedWork,
        progress: @escaping ProgressHandler
    ) throws {
        (self.plan, self.location, self.folder) = (plan, location, folder)
        (self.work, self.progress) = (work, progress)
        try plan.check(work.identity, version: SwageVersion.current, path: location.path)
    }

    /// Does a part, unless it is there.
    ///
    /// - Parameters:
    ///   - number: The part's number, counted from 1.
    ///   - isRestarting: Whether a part that is there, whatever it is, is done again.
    /// - Throws: ``PlanError`` if there is no such part, or if its name is that of something else; errors of the work.
    package func run(_ number: Int, isRestarting: Bool) throws -> Outcome {
        let part = try plan.part(number, path: location.path)
        let path = folder.file(ofPart: number)
        if isRestarting {
            folder.remove(part: number)
        } else {
            switch try folder.state(ofPart: number) {
            case .missing: break
            case .complete:
                progress(.stage(.checking(path: path)))
                if case .complete(let record) = try folder.verifiedState(ofPart: number) {
                    progress(.note("part \(number) is there already and is kept"))
                    return Outcome(number: number, path: path, isKept: true, record: record)
                }
                try remove(number, PartProblem.damaged)
            case .unusable(let problem): try remove(number, problem)
            }
        }
        try folder.make()
        progress(
            .step(
                WorkStep(
                    number: number, count: plan.parts.count, name: part.content, duration: nil, laterDuration: nil)))
        let start = ContinuousClock.now
        let lines = try work.run(number, of: plan, in: folder, isRestarting: isRestarting)
        let record = try folder.complete(
            part: number, processor: work.processor, seconds: (ContinuousClock.now - start) / .seconds(1),
            lines: lines)
        return Outcome(number: number, path: path, isKept: false, record: record)
    }

    /// Removes a part that is no more what it was; others are somebody's.
    private func remove(_ number: Int, _ problem: PartProblem) throws {
        switch problem {
        case .cutOff, .damaged:
            progress(.warning("\(folder.file(ofPart: number)): \(problem.words); it is done again"))
            folder.remove(part: number)
        case .foreign, .otherPlan, .otherVersion:
            throw PlanError(.unusable(part: number, problem), path: folder.file(ofPart: number))
        }
    }

    /// All parts, each of which is read.
    ///
    /// - Throws: ``PlanError`` for what is missing or cannot be used.
    package func collect() throws -> CollectedParts {
        CollectedParts(
            plan: plan, folder: folder,
            records: try folder.verified(location) { progress(.stage(.checking(path: $0))) })
    }
}

/// All parts of a job, complete and undamaged.
package struct CollectedParts {
    /// What they are parts of.
    package let plan: PartPlan
    /// Where they are.
    package let folder: PartFolder
    /// What is known of each, in order.
    package let records: [PartRecord]

    /// The paths of their files, in order.
    package var paths: [String] { records.map { folder.file(ofPart: $0.part) } }
}
