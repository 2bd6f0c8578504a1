import Foundation
import Platform
import TestSupport
import Testing

/// Long runs whose work is kept beside their output: ended anywhere, they are gone on with to the same bytes.
@Suite struct ResumingTests {
    enum Work: String, CaseIterable, CustomTestStringConvertible {
        case importance, batches, hessian, sensitivity, details, report

        var testDescription: String { rawValue }

        var output: String {
            switch self {
            case .importance: "importance.gguf"
            case .batches: "batches.gguf"
            case .hessian: "hessian.gguf"
            case .sensitivity: "sensitivity.json"
            case .details: "details.jsonl"
            case .report: "report.json"
            }
        }

        /// - Parameter text: what is read beside the bundled texts, or in the place of one of them.
        func arguments(_ output: String, text: String = ResumingTests.text, context: Int = 64) async throws -> [String]
        {
            let texts = [text, Fixtures.path("text/calib/web-zh.txt")]
            let windows = ["--context", "\(context)", "--chunks", "2"]
            let (original, shallow) = (try await Products.original.value, try await Products.shallow.value)
            switch self {
            case .importance:
                return ["imatrix", original, "-o", output, "--process-output", "--text"] + texts + windows
            case .batches:
                // Six batches, whose size depends on the memory and on the threads.
                return [
                    "imatrix", try await Products.tinyBase.value, "-o", output, "--memory", "87M", "--threads", "1",
                    "--context", "\(context)", "--text",
                ] + [text == ResumingTests.text ? Fixtures.path("text/eval/fiction-en.txt") : text]
            case .hessian: return ["imatrix", original, "--hessian", output, "--text"] + texts + windows
            case .sensitivity: return ["sensitivity", shallow, "-o", output, "--text"] + texts + windows
            case .details:
                return [
                    "evaluate", original, "--reference", try await Products.quantized.value, "--details", output,
                    "--limit", "\(context / 16)", "--task",
                ] + ["choices", "mmlu"].map { Fixtures.path("golden/tasks/\($0).jsonl") }
            case .report:
                return [
                    "report", "--model", "a=\(original)", "--model", "b=\(try await Products.quantized.value)",
                    "--model",
                    "c=\(try await Products.tinyBase.value)", "--text", "one=\(texts[0])", "--text", "two=\(texts[1])",
                    "--weights", "-o", output,
                ] + windows
            }
        }
    }

    static let text = Fixtures.path("text/calib/fiction-en.txt")
    private static let workspace = Result { try Workspace() }

    /// What runs that nobody ended have made.
    private static let whole = Dictionary(
        uniqueKeysWithValues: Work.allCases.map { work in
            (
                work,
                Task {
                    let output = try workspace.get().file(work.output)
                    let outcome = try await Swage.run(try await work.arguments(output))
                    try #require(outcome.status == 0, "\(outcome.error)")
                    #expect(!FileManager.default.fileExists(atPath: output + ".work"))
                    return try Data(path: output)
                }
            )
        })

    /// The records that are there, with what changes when they are replaced; not those that are of no use alone.
    private static func records(_ folder: String) -> Set<String> {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return Set(
            names.filter { $0.hasSuffix(".record") && !$0.hasPrefix("layer-") }.compactMap { name in
                var status = stat()
                guard stat("\(folder)/\(name)", &status) == 0 else { return nil }
                return "\(name) \(status.st_ino) \(status.st_size)"
            })
    }

    /// Ends a run when it has kept a record, at once or a little later.
    ///
    /// - Parameter delay: In fifths of a millisecond.
    /// - Returns: What it left; nil if it had ended before.
    private static func end(
        _ arguments: [String], output: String, by signal: Int32, delay: Int = 0
    ) async throws -> Swage.Outcome? {
        let folder = output + ".work"
        let before = records(folder)
        let rest = Countdown(delay)
        let run = try Swage.Run(arguments)
        let isSent = await run.send(signal) { !records(folder).isSubset(of: before) && rest.isOver() }
        let outcome = try await run.outcome()
        return isSent && outcome.status != 0 ? outcome : nil
    }

    /// Is over when it has been asked some times; from one thread.
    private final class Countdown: @unchecked Sendable {
        private var rest: Int

        init(_ count: Int) { rest = count }

        func isOver() -> Bool {
            rest -= 1
            return rest < 0
        }
    }

    /// Weights that have been compared are not compared again.
    @Test func aReportGoesOnWithItsWeights() async throws {
        let workspace = try Workspace()
        let output = workspace.file(Work.report.output)
        let arguments = try await Work.report.arguments(output)
        let whole = try await Self.whole[.report]!.value
        let record = output + ".work/weights-1.record"
        let run = try Swage.Run(arguments)
        let isSent = await run.send(SIGKILL) { FileManager.default.fileExists(atPath: record) }
        let ended = try await run.outcome()
        try #require(isSent && ended.status != 0, "it was not ended while it compared weights")
        let outcome = try await Swage.run(arguments)
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(outcome.error.contains(/going on after [0-9]+ of 55 tensors/))
        #expect(try Data(path: output) == whole)
    }

    /// Ended again and again, a little later each time, with other numbers of threads.
    @Test(arguments: Work.allCases, [SIGKILL, SIGINT])
    func endedAtManyPlaces(work: Work, signal: Int32) async throws {
        let workspace = try Workspace()
        let output = workspace.file(work.output)
        let arguments = try await work.arguments(output)
        let whole = try await Self.whole[work]!.value
        var count = 0
        // `make test-slow` ends runs hundreds of times.
        let most = signal == SIGKILL ? 5 : 2
        while count < most, workspace.contents != [work.output],
            let outcome = try await Self.end(
                arguments + (work == .batches ? [] : ["--threads", "\(1 + count % 2)"]), output: output, by: signal,
                delay: 7 * count % 40)
        {
            #expect(outcome.status == 128 + signal, "\(outcome.error)")
            #expect(workspace.contents.contains(work.output + ".work"))
            if signal == SIGINT {
                #expect(outcome.error.contains("\(output).work: work is kept there"))
                #expect(workspace.contents.allSatisfy { !$0.hasSuffix(".partial") })
            }
            if count > 0 { #expect(outcome.error.contains("note: going on after"), "\(outcome.error)") }
            count += 1
        }
        #expect(count >= 2)
        if workspace.contents != [work.output] {
            let last = try await Swage.run(arguments)
            #expect(last.status == 0, "\(last.error)")
        }
        #expect(workspace.contents == [work.output])
        #expect(try Data(path: output) == whole)
    }

    @Test(arguments: Work.allCases)
    func damagedRecordsAreNotUsed(work: Work) async throws {
        let whole = try await Self.whole[work]!.value
        for isCut in [false, true] {
            let workspace = try Workspace()
            let output = workspace.file(work.output)
            let arguments = try await work.arguments(output)
            try #require(try await Self.end(arguments, output: output, by: SIGKILL) != nil)
            let folder = output + ".work"
            for record in Self.records(folder).map({ "\(folder)/\($0.prefix { $0 != " " })" }) {
                var bytes = try Data(path: record)
                if isCut { bytes = bytes.prefix(bytes.count - 1) } else { bytes[bytes.count / 2] ^= 4 }
                try bytes.write(to: URL(filePath: record))
            }
            let second = try await Swage.run(arguments)
            #expect(second.status == 0 && !second.error.contains("going on"), "\(second.error)")
            #expect(try Data(path: output) == whole)
            #expect(workspace.contents == [work.output])
        }
    }

    @Test(arguments: Work.allCases)
    func workOfAnotherRunIsRefused(work: Work) async throws {
        let workspace = try Workspace()
        let output = workspace.file(work.output)
        let source = work == .batches ? Fixtures.path("text/eval/fiction-en.txt") : Self.text
        let text = try workspace.write("text.txt", try Data(path: source))
        let arguments = try await work.arguments(output, text: text)
        try #require(try await Self.end(arguments, output: output, by: SIGKILL) != nil)
        let folder = output + ".work"
        let left = Self.records(folder)
        func expectRefusal(_ arguments: [String], _ difference: String) async throws {
            let outcome = try await Swage.run(arguments)
            #expect(outcome.status == 2)
            #expect(outcome.error.contains("\(folder): it holds the work of another run"), "\(outcome.error)")
            #expect(outcome.error.contains(difference), "\(outcome.error)")
            #expect(outcome.error.contains("--restart"))
            #expect(Self.records(folder) == left)
        }
        let other = try await work.arguments(output, text: text, context: 48)
        try await expectRefusal(other, work == .details ? "the tasks" : "the windows of the texts")
        if work != .details {
            _ = try workspace.write("text.txt", try Data(path: source) + Array("More.".utf8))
            try await expectRefusal(arguments, "the texts")
            _ = try workspace.write("text.txt", try Data(path: source))
        }
        let model = work == .report ? "a=\(try await Products.float32.value)" : try await Products.float32.value
        let original = arguments[work == .report ? 2 : 1]
        try await expectRefusal(arguments.map { $0 == original ? model : $0 }, "the model")

        let again = try await Swage.run(other + ["--restart"])
        #expect(again.status == 0 && !again.error.contains("going on"), "\(again.error)")
        let fresh = workspace.file("fresh" + work.output)
        let uninterrupted = try await Swage.run(try await work.arguments(fresh, text: text, context: 48))
        #expect(uninterrupted.status == 0, "\(uninterrupted.error)")
        #expect(try Data(path: output) == Data(path: fresh))
        #expect(workspace.contents.sorted() == [work.output, "fresh" + work.output, "text.txt"].sorted())
    }

    @Test(arguments: Work.allCases)
    func whatOthersHaveMadeIsLeftAlone(work: Work) async throws {
        let workspace = try Workspace()
        let output = workspace.file(work.output)
        _ = try workspace.write("\(work.output).work/notes", Data("notes".utf8))
        for options in [[], ["--restart"]] {
            let outcome = try await Swage.run(try await work.arguments(output) + options)
            #expect(outcome.status == 2)
            #expect(outcome.error.contains("\(output).work: the work needs this name"), "\(outcome.error)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: output + ".work") == ["notes"])
        #expect(workspace.contents == [work.output + ".work"])
    }

    @Test func twoRunsCannotKeepTheirWorkInOneFolder() async throws {
        let workspace = try Workspace()
        let output = workspace.file("sensitivity.json")
        let arguments = try await Work.sensitivity.arguments(output)
        let first = try Swage.Run(arguments)
        #expect(await first.send(SIGSTOP) { !Self.records(output + ".work").isEmpty })
        let second = try await Swage.run(arguments)
        let restarted = try await Swage.run(arguments + ["--restart"])
        first.send(SIGCONT)
        for outcome in [second, restarted] {
            #expect(outcome.status == 2)
            #expect(outcome.error.contains("\(output).work: another process"), "\(outcome.error)")
        }
        #expect(try await first.outcome().status == 0)
        #expect(try Data(path: output) == (await Self.whole[.sensitivity]!.value))
    }

    @Test(arguments: [
        ["imatrix", "--show", "a", "--restart"], ["report", "--model", "a=b", "--text", "c=d", "--restart"],
        ["evaluate", "a", "--task", "b", "--restart"],
    ])
    func nothingToBeginAnew(arguments: [String]) async throws {
        let outcome = try await Swage.run(arguments)
        #expect(outcome.status == 2 && outcome.error.contains("--restart belongs to"), "\(outcome.error)")
    }
}
