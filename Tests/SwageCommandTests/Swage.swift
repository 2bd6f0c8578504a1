import Foundation
import Platform
import TestSupport

/// The built program, run as a user would run it.
enum Swage {
    /// What a finished run left behind.
    struct Outcome {
        /// The exit status; 128 + the signal's number if one ended the run.
        let status: Int32
        let output: String
        let error: String
    }

    /// The program lies where the tests were built to.
    static let binary = Result<URL, any Error> {
        let starts = [
            URL(filePath: CommandLine.arguments[0]), Bundle.main.executableURL,
            Fixtures.root.appending(path: ".build/release/swage"), Fixtures.root.appending(path: ".build/debug/swage"),
        ]
        for case let start? in starts {
            var folder = start.resolvingSymlinksInPath().deletingLastPathComponent()
            while folder.path.count > 1 {
                let candidate = folder.appending(path: "swage")
                if isProgram(candidate.path) { return candidate }
                folder.deleteLastPathComponent()
            }
        }
        throw CocoaError(.fileNoSuchFile, userInfo: [NSFilePathErrorKey: "swage, beside the tests"])
    }

    private static func isProgram(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && !isDirectory.boolValue
            && FileManager.default.isExecutableFile(atPath: path)
    }

    /// Runs the program to its end.
    @discardableResult
    static func run(
        _ arguments: [String], standardInput: String? = nil, standardOutput: String? = nil,
        standardError: String? = nil, environment: [String: String] = [:], directory: String? = nil
    ) async throws -> Outcome {
        try await Run(
            arguments, standardInput: standardInput, standardOutput: standardOutput, standardError: standardError,
            environment: environment, directory: directory
        ).outcome()
    }

    @discardableResult
    static func run(_ arguments: String...) async throws -> Outcome { try await run(arguments) }

    /// A started run.
    ///
    /// Its streams are files: nothing has to read them while it runs.
    final class Run: Sendable {
        private let process: Process
        private let input: FileHandle?
        private let folder: String
        private let ended: AsyncStream<Void>

        /// - Parameters:
        ///   - standardInput: all that there is to read.
        ///   - terminal: a terminal to read from.
        ///   - terminalType: what the run is told that the terminal is.
        ///   - isTalkedTo: whether what there is to read comes by ``say(_:)``.
        ///   - standardOutput: a file to write results to, instead of keeping them.
        ///   - standardError: a file to write diagnostics to, instead of keeping them.
        ///   - environment: variables beside those of the tests.
        ///   - directory: where relative paths begin.
        init(
            _ arguments: [String], program: URL? = nil, standardInput: String? = nil, terminal: String? = nil,
            terminalType: String? = nil, isTalkedTo: Bool = false, standardOutput: String? = nil,
            standardError: String? = nil, environment: [String: String] = [:], directory: String? = nil
        ) throws {
            // What is said to a program that has ended is an error, not the end of the tests.
            signal(SIGPIPE, SIG_IGN)
            let program = try program ?? Swage.binary.get()
            folder = NSTemporaryDirectory() + "/swage-run-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for stream in ["out", "err"] { try Data().write(to: URL(filePath: "\(folder)/\(stream)")) }
            process = Process()
            process.executableURL = program
            process.arguments = arguments
            process.standardInput = FileHandle.nullDevice
            let changed = environment.merging(terminalType.map { ["TERM": $0] } ?? [:]) { $1 }
            if !changed.isEmpty {
                process.environment = ProcessInfo.processInfo.environment.merging(changed) { $1 }
            }
            if let directory { process.currentDirectoryURL = URL(filePath: directory) }
            var input: FileHandle?
            if let standardInput {
                try Data(standardInput.utf8).write(to: URL(filePath: "\(folder)/in"))
                process.standardInput = FileHandle(forReadingAtPath: "\(folder)/in")
            } else if let terminal {
                process.standardInput = FileHandle(forReadingAtPath: terminal)
            } else if isTalkedTo {
                let pipe = Pipe()
                input = pipe.fileHandleForWriting
                process.standardInput = pipe
            }
            self.input = input
            let output = FileHandle(forWritingAtPath: standardOutput ?? "\(folder)/out")
            let diagnostics = FileHandle(forWritingAtPath: standardError ?? "\(folder)/err")
            process.standardOutput = output
            process.standardError = diagnostics
            let (ended, continuation) = AsyncStream.makeStream(of: Void.self)
            self.ended = ended
            process.terminationHandler = { _ in continuation.finish() }
            try process.run()
            // The run has its own. Foundation's Process does not stand many files that are open at the same time.
            try output?.close()
            try diagnostics?.close()
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        var isRunning: Bool { process.isRunning }

        /// Gives the run something to read.
        func say(_ text: String) throws { try input?.write(contentsOf: Data(text.utf8)) }

        /// Ends what there is to read.
        func hangUp() throws { try input?.close() }

        /// What has been written to standard output until now.
        var outputUntilNow: String { textUntilNow("out") }
        /// What has been written to standard error until now.
        var errorUntilNow: String { textUntilNow("err") }

        private func textUntilNow(_ stream: String) -> String {
            String(decoding: (try? Data(path: "\(folder)/\(stream)")) ?? Data(), as: UTF8.self)
        }

        /// A figure that the system gives of the running process, or 0.
        func systemFigure(_ key: String, of file: String) -> Int {
            let text = (try? Data(path: "/proc/\(process.processIdentifier)/\(file)")) ?? Data()
            let line = String(decoding: text, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("\(key):") }
            return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
        }

        func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

        /// Waits until `condition` holds or the run has ended, in a thread of its own: where many tests wait for their turn, a
        /// task would come too late.
        /// - Returns: whether the condition held while the run was going on.
        func wait(until condition: @escaping @Sendable () -> Bool) async -> Bool {
            await withCheckedContinuation { continuation in
                Thread.detachNewThread {
                    while self.isRunning {
                        if condition() { return continuation.resume(returning: true) }
                        usleep(200)
                    }
                    continuation.resume(returning: false)
                }
            }
        }

        /// Sends a signal as soon as `condition` holds, from the thread that waits for it.
        ///
        /// - Returns: false if the program had ended before.
        @discardableResult
        func send(_ signal: Int32, when condition: @escaping @Sendable () -> Bool) async -> Bool {
            await wait {
                guard condition() else { return false }
                self.send(signal)
                return true
            }
        }

        /// Sends a signal as soon as there is more output than some bytes.
        ///
        /// - Returns: false if the program had ended before.
        func send(_ signal: Int32, onceOutputExceeds byteCount: Int) async -> Bool {
            await send(signal) { self.outputUntilNow.utf8.count > byteCount }
        }

        func outcome() async throws -> Outcome {
            for await _ in ended {}
            func text(_ stream: String) throws -> String {
                String(decoding: try Data(contentsOf: URL(filePath: "\(folder)/\(stream)")), as: UTF8.self)
            }
            let isSignal = process.terminationReason == .uncaughtSignal
            return Outcome(
                status: process.terminationStatus + (isSignal ? 128 : 0), output: try text("out"),
                error: try text("err"))
        }
    }
}

extension String {
    /// Whether standard error says what was written, and how far the work is after each minute of it, and nothing else.
    var isOnlyWhatWasWritten: Bool {
        split(separator: "\n").allSatisfy { $0.hasPrefix("wrote ") || $0.contains(/: \d+ %, \d+:\d\d/) }
    }
}
