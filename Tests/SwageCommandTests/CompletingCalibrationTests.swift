import Foundation
import GGUF
import TestSupport
import Testing

/// `swage quantize --calibrate` with parts: what is lost of a finished set is completed from what is left.
@Suite struct CompletingCalibrationTests {
    private static func arguments(_ output: String) async throws -> [String] {
        [
            "quantize", try await Products.original.value, "-o", output, "--type", "Q4_0", "--split-max-tensors", "9",
            "--calibration-context", "64", "--calibration-chunks", "1", "--calibrate",
            Fixtures.path("text/calib/fiction-en.txt"),
        ]
    }

    private static func parts(_ workspace: Workspace) throws -> [String: Data] {
        try Dictionary(
            uniqueKeysWithValues: workspace.contents.filter { $0.hasPrefix("out-0") }.map {
                ($0, try Data(path: workspace.file($0)))
            })
    }

    /// How many of the calibrated tensors a run says that it has taken from parts, and of how many.
    private static func taken(_ outcome: Swage.Outcome) -> (taken: Int, all: Int)? {
        outcome.error.firstMatch(of: /note: (\d+) of (\d+) calibrated tensors are in the parts that are kept/)
            .flatMap { match in Int(match.1).flatMap { taken in Int(match.2).map { (taken, $0) } } }
    }

    /// 55 tensors in 7 parts: any one of them, all but one, and two that are apart.
    @Test func whatIsLeftIsNotFittedAgain() async throws {
        try Conformance.row("quantizing/split-calibrated")
        let workspace = try Workspace()
        let arguments = try await Self.arguments(workspace.file("out.gguf"))
        #expect(try await Swage.run(arguments).status == 0)
        let whole = try Self.parts(workspace)
        let names = whole.keys.sorted()
        try #require(names.count == 7)
        for lost in [[0], [2], [6], [1, 4], [0, 1, 2, 4, 5, 6]] {
            for part in lost { try FileManager.default.removeItem(atPath: workspace.file(names[part])) }
            let outcome = try await Swage.run(arguments)
            try #require(outcome.status == 0, "\(outcome.error)")
            #expect(outcome.error.contains("note: \(7 - lost.count) of 7 parts are there already and are kept"))
            #expect(try Self.parts(workspace) == whole, "without \(lost)")
            let taken = try #require(Self.taken(outcome))
            #expect(taken.all == 45 && taken.taken >= 45 - 9 * lost.count && taken.taken < 45)
        }
        #expect(workspace.contents == names)
    }

    /// The folder of a run that completed one part has not the matrices of another that is lost then.
    @Test func anotherPartIsLostWhileOneIsCompleted() async throws {
        try Conformance.row("quantizing/split-calibrated-killed")
        let workspace = try Workspace()
        let output = workspace.file("out.gguf")
        let arguments = try await Self.arguments(output)
        #expect(try await Swage.run(arguments).status == 0)
        let whole = try Self.parts(workspace)
        let names = whole.keys.sorted()
        try FileManager.default.removeItem(atPath: workspace.file(names[4]))
        let run = try Swage.Run(arguments)
        await run.send(SIGKILL) { FileManager.default.fileExists(atPath: output + ".calibration/layer-1") }
        _ = try await run.outcome()
        try FileManager.default.removeItem(atPath: workspace.file(names[1]))
        let outcome = try await Swage.run(arguments)
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(try Self.parts(workspace) == whole)
        #expect(workspace.contents == names)
    }
}
