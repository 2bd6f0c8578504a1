import Foundation
import Platform
import Testing

/// Work that is kept and then damaged on the disk: whatever byte it is, the next run begins that part again or refuses it, and
/// never makes other bytes.
@Suite(.enabled("there is no C compiler, or no Linux") { FaultyDisk.isAvailable })
struct KeptDamageTests {
    /// `SWAGE_FAULTS=all` interrupts runs at more places and changes more bytes.
    private static let isThorough = ProcessInfo.processInfo.environment["SWAGE_FAULTS"] == "all"

    /// Where runs are interrupted, and where bytes are changed, as shares of all calls and of a file.
    private static let moments = isThorough ? [0.3, 0.5, 0.7, 0.8, 0.9, 1] : [0.5, 0.8]
    private static let places = isThorough ? [0, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 1] : [0, 0.4, 0.9, 1]

    /// A run that was interrupted, and what it left.
    private struct Kept {
        let place: FaultyCommand.Place
        let expected: [String: Data]
        let files: [String: Data]

        func restore(changing name: String, at offset: Int) throws -> Data {
            try place.clear()
            var changed = Data()
            for (other, bytes) in files {
                var bytes = bytes
                if other == name {
                    bytes[offset] ^= 0x10
                    changed = bytes
                }
                let url = URL(filePath: "\(place.outputs)/\(other)")
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try bytes.write(to: url)
            }
            return changed
        }
    }

    @Test(arguments: FaultyCommand.all.filter { !$0.kept.isEmpty })
    func changedBytes(command: FaultyCommand) async throws {
        let place = try await command.place()
        let folder = place.outputs + "/"
        let undisturbed = try await FaultyDisk(folder: folder, calls: .change).run(place.arguments)
        try #require(undisturbed.outcome.status == 0, "\(undisturbed.outcome.error)")
        let expected = try place.files()
        try place.clear()
        var count = 0
        for moment in Self.moments {
            let number = max(1, Int(moment * Double(undisturbed.callCount)))
            var disk = FaultyDisk(folder: folder, calls: .change, number: number, error: ENOSPC)
            disk.isLasting = true
            _ = try await disk.run(place.arguments)
            let kept = Kept(place: place, expected: expected, files: try place.files())
            for (name, bytes) in kept.files.sorted(by: { $0.key < $1.key }) where !bytes.isEmpty {
                for offset in Set(Self.places.map { Int($0 * Double(bytes.count - 1)) }).sorted() {
                    try await Self.check(kept, name, offset)
                    count += 1
                }
            }
            try place.clear()
        }
        #expect(count > 0)
    }

    private static func check(_ kept: Kept, _ name: String, _ offset: Int) async throws {
        let changed = try kept.restore(changing: name, at: offset)
        let run = try await Swage.run(kept.place.arguments)
        let context: Comment = "\(name), byte \(offset): \(run.status) \(run.error)"
        let files = try kept.place.files()
        guard run.status != 0 else {
            #expect(files == kept.expected, context)
            return
        }
        #expect([1, 2, 3].contains(run.status), context)
        #expect(run.error.contains(kept.place.outputs), context)
        // What is there under an output's name is the output, or as it was.
        for (output, bytes) in kept.expected {
            guard let found = files[output] else { continue }
            let before = output == name ? changed : kept.files[output]
            #expect(found == bytes || found == before, context)
        }
    }
}
