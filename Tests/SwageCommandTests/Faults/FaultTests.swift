import Foundation
import Platform
import Testing

/// Disks that fill up, fail, and do a part of what they are asked for, at every call that a command makes.
@Suite(.enabled("there is no C compiler, or no Linux") { FaultyDisk.isAvailable })
struct FaultTests {
    /// `SWAGE_FAULTS=all` fails each call, of a command with thousands of calls about a thousand; without it, of commands with
    /// many calls some do.
    private static let isThorough = ProcessInfo.processInfo.environment["SWAGE_FAULTS"] == "all"

    /// Calls to fail, the first and the last among them.
    private static func numbers(upTo count: Int, about sampleCount: Int) -> [Int] {
        let limit = isThorough ? 1000 : sampleCount
        guard count > limit else { return Array(1...max(1, count)) }
        let step = (count - limit / 2) / (limit / 2)
        return Array(1...limit / 2) + Array(stride(from: count, to: limit / 2, by: -max(1, step))).reversed()
    }

    /// What the command writes on a disk without faults, and how many calls it takes.
    private func reference(
        _ place: FaultyCommand.Place, _ calls: FaultyDisk.Calls, in folder: String
    ) async throws -> (files: [String: Data], callCount: Int) {
        let run = try await FaultyDisk(folder: folder, calls: calls).run(place.arguments)
        try #require(run.outcome.status == 0, "\(run.outcome.error)")
        let files = try place.files()
        try #require(files[place.command.output] != nil && run.callCount > 0)
        try place.clear()
        return (files, run.callCount)
    }

    /// Wherever the disk is full: exit code 4, a file that is named, nothing left but what is documented; and with room again
    /// the same command makes the same file.
    @Test(arguments: FaultyCommand.all)
    func fullDisks(command: FaultyCommand) async throws {
        let place = try await command.place()
        let expected = try await reference(place, .change, in: place.outputs + "/")
        for number in Self.numbers(upTo: expected.callCount, about: 10) {
            var disk = FaultyDisk(folder: place.outputs + "/", calls: .change, number: number, error: ENOSPC)
            disk.isLasting = number.isMultiple(of: 2)
            let run = try await disk.run(place.arguments)
            let context: Comment =
                "call \(number): \(run.failures) \(run.outcome.status) \(run.outcome.error) \(place.names)"
            guard !run.failures.isEmpty else {
                // How often work is kept depends on the time that it takes: the last calls are not made each time.
                try #require(number > 12 && run.outcome.status == 0, context)
                #expect(try place.files() == expected.files, context)
                try place.clear()
                continue
            }
            #expect(run.outcome.status == 4, context)
            #expect(run.outcome.error.contains("\(place.outputs)/out"), context)
            #expect(run.outcome.error.contains("No space left"), context)
            #expect(!place.names.contains { $0.hasSuffix(".partial") }, context)
            let kept = Set(place.names.map { String($0.prefix { $0 != "/" }) })
            #expect(kept.isSubset(of: command.kept), context)
            let second = try await Swage.run(place.arguments)
            #expect(second.status == 0, "after \(context): \(second.error)")
            #expect(try place.files() == expected.files, "after \(context)")
            try place.clear()
        }
    }

    /// Inputs that the disk cannot read: exit code 3, and the file is named.
    @Test(arguments: FaultyCommand.all)
    func unreadableInputs(command: FaultyCommand) async throws {
        let place = try await command.place()
        let expected = try await reference(place, .read, in: place.inputs + "/")
        for number in Self.numbers(upTo: expected.callCount, about: 8) {
            let disk = FaultyDisk(folder: place.inputs + "/", calls: .read, number: number, error: EIO)
            let run = try await disk.run(place.arguments)
            let context: Comment =
                "call \(number): \(run.failures) \(run.outcome.status) \(run.outcome.error) \(place.names)"
            try #require(!run.failures.isEmpty, context)
            #expect(run.outcome.status == 3, context)
            #expect(run.outcome.error.contains("\(place.inputs)/"), context)
            #expect(run.outcome.error.contains("cannot read"), context)
            #expect(!place.names.contains { $0.hasSuffix(".partial") }, context)
            let kept = Set(place.names.map { String($0.prefix { $0 != "/" }) })
            // A result whose model cannot be read again to compare is complete.
            let result = try place.files()[command.output]
            #expect(result == nil || result == expected.files[command.output] || command.kept.contains(command.output))
            #expect(kept.subtracting([command.output]).isSubset(of: command.kept), context)
            try place.clear()
        }
    }

    /// Signals, and calls that do less than they are asked for, change nothing.
    @Test(arguments: FaultyCommand.all)
    func callsThatDoAPart(command: FaultyCommand) async throws {
        let place = try await command.place()
        let expected = try await reference(place, .change, in: place.outputs + "/")
        for interval in [0, 2, 3] {
            var disk = FaultyDisk(folder: URL(filePath: place.outputs).deletingLastPathComponent().path)
            disk.interruptionInterval = interval
            disk.cutsTransfers = interval != 2
            let run = try await disk.run(place.arguments)
            #expect(run.outcome.status == 0, "\(run.outcome.error)")
            #expect(try place.files() == expected.files, "interrupted at every \(interval)th call")
            try place.clear()
        }
    }
}
