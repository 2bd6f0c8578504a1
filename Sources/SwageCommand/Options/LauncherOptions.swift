import ArgumentParser
import Files
import Launchers
import Parts
import Platform

/// What starts the parts of a plan.
enum Launcher: String, ExpressibleByArgument, CaseIterable {
    case slurm, kubernetes, parallel

    /// What the name of its file ends with, in the place of the plan's `.json`.
    var suffix: String { self == .kubernetes ? "kubernetes.yaml" : "\(rawValue).sh" }
}

/// Options of what starts the parts of a plan.
struct LauncherOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Write beside the plan what starts its parts: slurm, kubernetes or parallel.", valueName: "scheduler"))
    var emit: Launcher?

    @Option(help: "Processors for each part. Default: all of a node; one part at a time on each host.")
    var cpus: Int?

    @Option(name: .customLong("part-memory"), help: "Memory for each part, such as 64GiB. Default: all of a node.")
    var memory: ByteSize?

    @Option(help: "The image of kubernetes.")
    var image = "swage"

    @Option(help: "The claim of kubernetes, of a volume that all nodes write, with the plan's folder.")
    var claim = "swage"

    func validate() throws {
        if let cpus, !(1...1 << 16).contains(cpus) { throw ValidationError("--cpus must be from 1 to 65536") }
        if emit == nil, cpus != nil || memory != nil {
            throw ValidationError("--cpus and --part-memory are for --emit")
        }
    }

    /// The file that is written beside a plan; nil for none.
    func path(beside plan: String) -> String? {
        emit.map { "\(plan.hasSuffix(".json") ? String(plan.dropLast(5)) : plan).\($0.suffix)" }
    }

    /// Writes what starts the parts of a plan.
    ///
    /// - Returns: the path of the file; nil if none was asked for.
    func write(_ plan: PartPlan, at location: PlanLocation, as output: String) throws -> String? {
        guard let emit, let path = path(beside: output) else { return nil }
        let program = emit == .kubernetes ? "swage" : Self.program
        let name = location.path.split(separator: "/").last.map(String.init) ?? ""
        let launched = try LaunchedPlan(
            title: name, folder: location.folder, partCount: plan.parts.count,
            run: [program, "run", location.path, "--part"], finish: [program, "finish", location.path],
            resources: MachineShare(processorCount: cpus, memoryByteCount: memory?.byteCount))
        let text =
            switch emit {
            case .slurm: try SlurmScript(launched).text
            case .parallel: ParallelScript(launched).text
            case .kubernetes:
                try KubernetesManifest(
                    launched, image: image, claim: claim, storage: location.folder,
                    finalStatuses: [ExitStatus.badUsage, .badInput, .checkFailed].map { Int($0.rawValue) }
                ).text
            }
        var file = try AtomicFile(path: path)
        try file.append(Array(text.utf8))
        try file.commit()
        return path
    }

    /// This program as machines with the same storage find it: by its path if that was how it was started.
    private static var program: String {
        let word = CommandLine.arguments[0]
        guard word.contains("/"), let resolved = realpath(word, nil) else { return "swage" }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
