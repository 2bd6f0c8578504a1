import Foundation
import Platform
import Testing

/// What the environment asks for.
private enum Kills {
    static let wanted = number("SWAGE_KILLS") ?? 0
    static let seed = number("SWAGE_KILLS_SEED") ?? 1

    private static func number(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }
}

/// `SWAGE_KILLS=500` kills that many runs of all commands at random moments, and lets each be done to its end by another.
@Suite(.enabled("SWAGE_KILLS is not set") { Kills.wanted > 0 }, .serialized)
struct KillTests {
    private static let commands =
        FaultyCommand.all + [
            FaultyCommand(
                "quantize IQ2_XXS", keeps: ["out.gguf.work"],
                inputs: {
                    ["model": Products.checkpoint, "importance.gguf": try await Products.importance.value]
                }, "quantize", "{model}", "-o", "{out}", "--type", "IQ2_XXS", "--imatrix", "{importance.gguf}"),
            FaultyCommand(
                "quantize --calibrate Q4_K_M", keeps: ["out.gguf.calibration", "out.gguf.work"],
                inputs: { ["model": Products.checkpoint, "text.txt": Products.texts[0]] }, "quantize", "{model}", "-o",
                "{out}", "--type", "Q4_K_M", "--calibrate", "{text.txt}", "--calibration-context", "64",
                "--calibration-chunks", "2"),
            FaultyCommand(
                "imatrix of a checkpoint", keeps: ["out.gguf.work"],
                inputs: { ["model": Products.checkpoint, "text.txt": Products.texts[0]] }, "imatrix", "{model}", "-o",
                "{out}", "--text", "{text.txt}", "--context", "64", "--chunks", "4"),
        ]

    /// A command, what it writes when nothing disturbs it, and how long that takes.
    private struct Subject {
        let place: FaultyCommand.Place
        let expected: [String: Data]
        let seconds: Double
    }

    /// What has happened to all runs together.
    private struct Tally {
        var kills = 0
        var runsThatWereDone = 0
        var halfFiles = 0
        var differentResults = 0
    }

    private static func subject(_ command: FaultyCommand) async throws -> Subject {
        let place = try await command.place()
        let clock = ContinuousClock()
        let start = clock.now
        let outcome = try await Swage.run(place.arguments)
        let seconds = (clock.now - start) / .seconds(1)
        try #require(outcome.status == 0, "\(outcome.error)")
        let expected = try place.files()
        try place.clear()
        return Subject(place: place, expected: expected, seconds: seconds)
    }

    @Test func killedRunsAreDoneByOthers() async throws {
        var random = SplitMix(state: UInt64(Kills.seed))
        var subjects: [Subject] = []
        for command in Self.commands { subjects.append(try await Self.subject(command)) }
        var tallies = Self.commands.map { _ in Tally() }
        var number = 0
        while tallies.reduce(0, { $0 + $1.kills }) < Kills.wanted {
            let index = number % subjects.count
            number += 1
            try await Self.try(subjects[index], &tallies[index], &random)
        }
        for (command, tally) in zip(Self.commands, tallies) {
            print(
                "\(command.name): \(tally.kills) kills, \(tally.runsThatWereDone) runs done before, "
                    + "\(tally.halfFiles) half files, \(tally.differentResults) different results")
        }
        #expect(tallies.allSatisfy { $0.halfFiles == 0 && $0.differentResults == 0 })
    }

    /// Kills a run, perhaps the ones that go on with it too, and lets the last one do the work.
    private static func `try`(_ subject: Subject, _ tally: inout Tally, _ random: inout SplitMix) async throws {
        let place = subject.place
        // What a run has written before it was killed, or was done, is there already for the next one.
        func arguments() throws -> [String] {
            place.arguments + (try place.files().isEmpty ? [] : ["--overwrite"])
        }
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let run = try Swage.Run(arguments())
            try await Task.sleep(for: .seconds(Double.random(in: 0...subject.seconds, using: &random)))
            run.send(SIGKILL)
            let status = try await run.outcome().status
            if status == 128 + SIGKILL { tally.kills += 1 } else { tally.runsThatWereDone += 1 }
            for (name, bytes) in try place.files() {
                guard let complete = subject.expected[name], bytes != complete else { continue }
                // Some files grow under their own names, and are a beginning of what they become.
                let mayGrow = place.command.arguments.contains("--save-scores")
                guard mayGrow, complete.starts(with: bytes) else {
                    tally.halfFiles += 1
                    Issue.record("\(place.command.name): a half \(name) of \(bytes.count) bytes")
                    continue
                }
            }
        }
        let last = try await Swage.run(arguments())
        let files = try place.files()
        if last.status != 0 || files != subject.expected {
            tally.differentResults += 1
            Issue.record("\(place.command.name): \(last.status) \(last.error) \(files.keys.sorted())")
        }
        try place.clear()
    }
}

/// Numbers that a seed decides (Steele, Lea, Flood 2014).
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
