import Foundation
import TestSupport

/// A disk that fails: what `Tests/FaultShim/faults.c` puts between a program and the system.
struct FaultyDisk: Sendable {
    /// The calls that are counted, of which some fail.
    enum Calls: String, Sendable {
        case read, change, damage
    }

    /// The folder whose files have the faults.
    let folder: String
    var calls: Calls?
    /// Which of the calls fails, counted from 1; 0 for none.
    var number = 0
    var error: Int32 = 0
    /// Whether all calls after it fail too.
    var isLasting = false
    /// Every so many-th call is interrupted; 0 for none.
    var interruptionInterval = 0
    /// Whether reads and writes do a part of what they are asked for.
    var cutsTransfers = false

    /// What a run on the disk came to.
    struct Run: Sendable {
        let outcome: Swage.Outcome
        /// The calls that failed, each with its path.
        let failures: [String]
        /// How many calls there were of the kind that is counted.
        let callCount: Int
    }

    /// Whether the system has what it takes.
    static var isAvailable: Bool {
        #if os(Linux)
            (try? library.get()) != nil
        #else
            false
        #endif
    }

    /// The library, which the first test that needs it compiles.
    private static let library = Result<String, any Error> {
        let workspace = try Workspace()
        let path = NSTemporaryDirectory() + "/swage-faults-\(ProcessInfo.processInfo.processIdentifier).so"
        let source = Fixtures.root.appending(path: "Tests/FaultShim/faults.c").path
        guard let compiler else { throw CocoaError(.fileNoSuchFile) }
        let process = Process()
        process.executableURL = URL(filePath: compiler)
        process.arguments = ["-shared", "-fPIC", "-O1", "-Wall", "-o", workspace.file("faults.so"), source]
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.fileNoSuchFile) }
        try FileManager.default.moveItem(atPath: workspace.file("faults.so"), toPath: path)
        atexit { FaultyDisk.removeLibrary() }
        return path
    }

    private static func removeLibrary() {
        if let path = try? library.get() { try? FileManager.default.removeItem(atPath: path) }
    }

    /// A C compiler: the toolchain has one, beside `swift`.
    private static var compiler: String? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return ["clang", "cc", "gcc"].flatMap { name in folders.map { "\($0)/\(name)" } }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Runs the program on the disk, to its end.
    func run(_ arguments: [String]) async throws -> Run {
        let workspace = try Workspace()
        let log = workspace.file("log")
        var variables = ["LD_PRELOAD": try Self.library.get(), "SWAGE_FAULT_FOLDER": folder, "SWAGE_FAULT_LOG": log]
        if let calls { variables["SWAGE_FAULT_CALLS"] = calls.rawValue }
        if number > 0 { variables["SWAGE_FAULT_NUMBER"] = "\(number)" }
        variables["SWAGE_FAULT_ERROR"] = "\(error)"
        if isLasting { variables["SWAGE_FAULT_LASTING"] = "1" }
        if interruptionInterval > 0 { variables["SWAGE_FAULT_INTERRUPT"] = "\(interruptionInterval)" }
        if cutsTransfers { variables["SWAGE_FAULT_SHORT"] = "1" }
        let run = try Swage.Run(
            variables.map { "\($0)=\($1)" } + [try Swage.binary.get().path] + arguments,
            program: URL(filePath: "/usr/bin/env"))
        let outcome = try await run.outcome()
        let lines = String(decoding: (try? Data(path: log)) ?? Data(), as: UTF8.self).split(separator: "\n")
        let total = lines.last { $0.hasPrefix("calls ") }
        return Run(
            outcome: outcome, failures: lines.filter { !$0.hasPrefix("calls ") }.map(String.init),
            callCount: total.flatMap { Int($0.dropFirst("calls ".count)) } ?? 0)
    }
}
