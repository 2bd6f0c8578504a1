import Files
import Foundation
import TestSupport
import Testing

/// What is not read at all: files that are too large for what they are, and what is no file.
@Suite struct InputLimitTests {
    @Test(arguments: InputLimit.allCases)
    func sparseFilesCostNothing(limit: InputLimit) throws {
        try Fixtures.withTemporaryDirectory { folder in
            let path = folder + "/huge"
            try #require(FileManager.default.createFile(atPath: path, contents: nil))
            try #require(truncate(path, 100 << 30) == 0)
            let error = try #require(throws: FileError.self) { _ = try ReadableFile.contents(of: path, limit: limit) }
            #expect(error == FileError(.tooLarge(limit, byteCount: 100 << 30), path: path))
            #expect(error.diagnostic.fault == .input)
            #expect(error.diagnostic.problem.contains("it has 100.00 GiB, more than \(limit.name) may have"))
        }
    }

    @Test func theLimitItselfIsAllowed() throws {
        try Fixtures.withTemporaryDirectory { folder in
            let path = folder + "/file"
            let count = InputLimit.chatTemplate.byteCount
            try Data(repeating: 32, count: count).write(to: URL(filePath: path))
            #expect(try ReadableFile.contents(of: path, limit: .chatTemplate).count == count)
            try #require(truncate(path, off_t(count + 1)) == 0)
            #expect(throws: FileError.self) { _ = try ReadableFile.contents(of: path, limit: .chatTemplate) }
        }
    }

    /// Opening a pipe that nobody writes to would never end.
    @Test func pipesWithoutAWriterAreRefused() throws {
        try Fixtures.withTemporaryDirectory { folder in
            try #require(mkfifo(folder + "/pipe", 0o600) == 0)
            #expect(throws: FileError(.notAFile, path: folder + "/pipe")) {
                _ = try ReadableFile(path: folder + "/pipe")
            }
        }
    }

    /// The limits that people read are those that hold.
    @Test func theDocumentedLimitsHold() throws {
        let text = try String(
            contentsOf: Fixtures.root.appending(path: "Docs/Reliability.md"), encoding: .utf8)
        for limit in InputLimit.allCases {
            let size = ByteCount.text(limit.byteCount, rounding: .down).replacing(".00", with: "")
            #expect(text.contains("| \(limit.name) |") && text.contains("| \(size) |"), "\(limit): \(size)")
            let line = text.split(separator: "\n").first { $0.hasPrefix("| \(limit.name) |") } ?? ""
            #expect(line.contains("| \(size) |"), "\(line)")
        }
    }
}
