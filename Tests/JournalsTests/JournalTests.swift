import Files
import Foundation
import Journals
import TestSupport
import Testing

/// Records that a run keeps, found again by the next.
@Suite struct JournalTests {
    private func identity(_ texts: String = "a digest", version: Int = 1) -> RunIdentity {
        var identity = RunIdentity()
        identity.add("the version", version)
        identity.add("the texts", texts)
        return identity
    }

    private func names(_ folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder))?.sorted() ?? []
    }

    @Test func recordsAreFoundAgain() throws {
        try Fixtures.withTemporaryDirectory { folder in
            let output = folder + "/out"
            let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0) }
            do {
                let journal = try Journal(output: output, identity: identity())
                #expect(names(folder).isEmpty)
                #expect(try journal.record("a") == nil)
                try journal.keep("a", bytes)
                try journal.keep("b") { writer in
                    try writer.append(Array("old".utf8))
                }
                try journal.keep("b", [])
                #expect(KeptWork.folders.contains { $0 == (output + ".work", output) })
            }
            let journal = try Journal(output: output, identity: identity())
            #expect(try journal.record("a")?.bytes() == bytes)
            #expect(try journal.record("a")?.bytes(70..<90) == Array(bytes[70..<90]))
            #expect(try journal.record("b")?.bytes() == [])
            #expect(try journal.record("c") == nil)
            journal.discard("a")
            #expect(try journal.record("a") == nil)
            journal.remove()
            #expect(names(folder).isEmpty)
            #expect(!KeptWork.folders.contains { $0 == (output + ".work", output) })
        }
    }

    /// Cut off, longer, a bit changed, another's: anywhere.
    @Test func damagedRecordsCountAsNone() throws {
        try Fixtures.withTemporaryDirectory { folder in
            let output = folder + "/out"
            let journal = try Journal(output: output, identity: identity())
            let path = output + ".work/a.record"
            try journal.keep("a", Array("content".utf8))
            let whole = try Data(contentsOf: URL(filePath: path))
            for length in 0..<whole.count {
                try whole.prefix(length).write(to: URL(filePath: path))
                #expect(try journal.record("a") == nil, "\(length) bytes")
            }
            for index in whole.indices {
                var damaged = whole
                damaged[index] ^= 1
                try damaged.write(to: URL(filePath: path))
                #expect(try journal.record("a") == nil, "byte \(index)")
            }
            try (whole + [0]).write(to: URL(filePath: path))
            #expect(try journal.record("a") == nil)
            try whole.write(to: URL(filePath: path))
            #expect(try journal.record("a") != nil)
            // What is of another name, or of another run.
            try whole.write(to: URL(filePath: output + ".work/b.record"))
            #expect(try journal.record("b") == nil)
            let other = try Journal(output: folder + "/other", identity: identity("others"))
            try other.keep("c", [1])
            try whole.write(to: URL(filePath: folder + "/other.work/a.record"))
            #expect(try other.record("a") == nil)
        }
    }

    @Test func workOfAnotherRunIsRefusedUnlessItBeginsAnew() throws {
        try Fixtures.withTemporaryDirectory { folder in
            let output = folder + "/out"
            do { try Journal(output: output, identity: identity()).keep("a", [1]) }
            #expect(throws: JournalError(.otherRun(["the texts"]), folder: output + ".work")) {
                _ = try Journal(output: output, identity: identity("another digest"))
            }
            #expect(throws: JournalError(.otherRun(["the version"]), folder: output + ".work")) {
                _ = try Journal(output: output, identity: identity(version: 2))
            }
            #expect(names(output + ".work") == ["a.record", "run.json"])
            try Data("notes".utf8).write(to: URL(filePath: output + ".work/notes"))
            do {
                let journal = try Journal(output: output, identity: identity("another digest"), isRestarting: true)
                #expect(try journal.record("a") == nil)
                try journal.keep("b", [2])
            }
            do {
                let journal = try Journal(output: output, identity: identity("another digest"))
                #expect(try journal.record("b")?.bytes() == [2])
            }
            #expect(try Journal.clean(output) == [output + ".work"])
            #expect(names(output + ".work") == ["notes"])
            #expect(
                performing: { _ = try Journal(output: output, identity: identity(), isRestarting: true) },
                throws: { ($0 as? FileError)?.kind == .notOurs })
            #expect(try Journal.clean(folder + "/none") == [])
        }
    }

    @Test func twoCannotWorkInOneFolder() throws {
        try Fixtures.withTemporaryDirectory { folder in
            let output = folder + "/out"
            let first = try Journal(output: output, identity: identity())
            let second = try Journal(output: output, identity: identity())
            try first.keep("a", [1])
            func isHeld(_ error: any Error) -> Bool { (error as? FileError)?.kind == .beingWritten }
            #expect(performing: { try second.keep("a", [1]) }, throws: isHeld)
            #expect(
                performing: { _ = try Journal(output: output, identity: identity(), isRestarting: true) },
                throws: isHeld)
            #expect(performing: { _ = try Journal.clean(output) }, throws: isHeld)
            first.remove()
            try second.keep("a", [1])
            second.remove()
            #expect(names(folder).isEmpty)
        }
    }

    private struct Fault: DiagnosticError {
        let fault: Diagnostic.Fault
        var diagnostic: Diagnostic { Diagnostic(fault, "a problem") }
    }

    /// What the next run may not meet leaves the work.
    @Test func endsLeaveWorkOrNot() throws {
        try Fixtures.withTemporaryDirectory { folder in
            let system = FileError(.system(operation: "write", errno: 28), path: "file")
            let ends: [(error: (any Error)?, isLeft: Bool)] = [
                (nil, false), (Fault(fault: .input), false), (Fault(fault: .work), false), (Fault(fault: .room), true),
                (system, true), (ErrorInFile(path: "model", underlying: system), true),
                (ErrorInFile(path: "model", underlying: Fault(fault: .work)), false), (CancellationError(), false),
            ]
            for (number, end) in ends.enumerated() {
                let journal = try Journal(output: "\(folder)/\(number)", identity: identity())
                try journal.keep("a", [1])
                let result = try? Journal.perform(journal) {
                    if let error = end.error { throw error }
                    return number
                }
                #expect((result != nil) == (end.error == nil))
                #expect(names(folder).contains("\(number).work") == end.isLeft, "\(number)")
                #expect(KeptWork.folders.contains { $0.path == journal.folder } == end.isLeft)
            }
            let journal = try Journal(output: folder + "/stage", stage: .sensitivity, identity: identity())
            try Journal.perform(journal, removes: false) { try journal.keep("a", [1]) }
            #expect(names(folder + "/stage.sensitivity.work") == ["a.record", "run.json"])
        }
    }
}
