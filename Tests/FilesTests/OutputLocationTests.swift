import Files
import Foundation
import TestSupport
import Testing

/// Outputs whose names, or whose temporary names, are something else than a file of their own.
@Suite struct OutputLocationTests {
    private static let old = Array("old".utf8)
    private static let new = Array("new".utf8)

    private func write(_ path: String) throws {
        var file = try AtomicFile(path: path)
        try file.append(Self.new)
        try file.commit()
    }

    private func make(_ path: String) throws { try Data(Self.old).write(to: URL(filePath: path)) }

    private func link(_ path: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
    }

    private func isLink(_ path: String) -> Bool {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil
    }

    @Test(arguments: ["file", "folder/file", "../file"])
    func aLinkStaysOneAndItsTargetIsReplaced(target: String) throws {
        try Fixtures.withTemporaryDirectory { folder in
            for name in ["in", "in/folder"] {
                try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
            }
            try make("\(folder)/in/\(target)")
            try link("\(folder)/in/second", to: target)
            try link("\(folder)/in/first", to: "\(folder)/in/second")
            try write("\(folder)/in/first")
            #expect(isLink("\(folder)/in/first") && isLink("\(folder)/in/second"))
            #expect(try ReadableFile.contents(of: "\(folder)/in/\(target)") == Self.new)
        }
    }

    @Test func aLinkToNothingYetMakesItsTarget() throws {
        try Fixtures.withTemporaryDirectory { folder in
            try link("\(folder)/link", to: "file")
            try write("\(folder)/link")
            #expect(isLink("\(folder)/link"))
            #expect(try ReadableFile.contents(of: "\(folder)/file") == Self.new)
        }
    }

    @Test func aFileThatGrowsFollowsLinksToo() throws {
        try Fixtures.withTemporaryDirectory { folder in
            try make("\(folder)/file")
            try link("\(folder)/link", to: "file")
            let file = try ResumableFile(path: "\(folder)/link", isUsableUnfinished: true)
            try file.keep(file.contents.count)
            try file.append(Self.new)
            try file.finish()
            #expect(isLink("\(folder)/link"))
            #expect(try ReadableFile.contents(of: "\(folder)/file") == Self.old + Self.new)
        }
    }

    @Test(arguments: ["/dev/null", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/", "/tmp/", ".", ".."])
    func namesThatAreNoFiles(path: String) throws {
        try expectRefusal(of: path)
    }

    /// What a process has open can be a regular file: renaming over its name would replace the system's link.
    @Test func linksToOpenFiles() throws {
        try Fixtures.withTemporaryDirectory { folder in
            try make("\(folder)/open")
            let handle = try #require(FileHandle(forUpdatingAtPath: "\(folder)/open"))
            defer { try? handle.close() }
            try link("\(folder)/link", to: "/proc/self/fd/\(handle.fileDescriptor)")
            for path in [
                "/proc/self/fd/\(handle.fileDescriptor)", "/dev/fd/\(handle.fileDescriptor)", "\(folder)/link",
            ] {
                try expectRefusal(of: path)
            }
            #expect(try ReadableFile.contents(of: "\(folder)/open") == Self.old)
        }
    }

    private func expectRefusal(of path: String) throws {
        let error = try #require(throws: FileError.self) { try AtomicFile.check(path) }
        #expect(error == FileError(.notAFileName, path: path))
        #expect(error.diagnostic.fault == .usage)
        #expect(throws: FileError(.notAFileName, path: path)) { try write(path) }
        #expect(throws: FileError(.notAFileName, path: path)) {
            _ = try ResumableFile(path: path, isUsableUnfinished: true)
        }
    }

    @Test func pipesAreNoOutputs() throws {
        try Fixtures.withTemporaryDirectory { folder in
            try #require(mkfifo("\(folder)/pipe", 0o600) == 0)
            try expectRefusal(of: "\(folder)/pipe")
        }
    }

    @Test func linksInACircle() throws {
        try Fixtures.withTemporaryDirectory { folder in
            try link("\(folder)/a", to: "b")
            try link("\(folder)/b", to: "a")
            let error = try #require(throws: FileError.self) { try write("\(folder)/a") }
            #expect(error.diagnostic.fault == .usage)
        }
    }

    /// What bears a temporary name and leads elsewhere is refused, and what it leads to stays.
    @Test(arguments: [".out.partial", "out.unfinished"])
    func temporaryNamesOfOthers(name: String) throws {
        func use(_ folder: String) throws {
            if name == ".out.partial" {
                try write("\(folder)/out")
            } else {
                try ResumableFile(path: "\(folder)/out", isUsableUnfinished: false).keep(0)
            }
        }
        for kind in ["hard link", "symbolic link", "pipe", "folder"] {
            try Fixtures.withTemporaryDirectory { folder in
                let (path, other) = ("\(folder)/\(name)", "\(folder)/other")
                try make(other)
                switch kind {
                case "hard link": try FileManager.default.linkItem(atPath: other, toPath: path)
                case "symbolic link": try link(path, to: "other")
                case "pipe": try #require(mkfifo(path, 0o600) == 0)
                default: try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
                }
                let error = try #require(throws: FileError.self, "\(kind)") { try use(folder) }
                #expect(error.diagnostic.fault == .usage, "\(kind)")
                #expect(error.diagnostic.place?.hasSuffix("/\(name)") == true, "\(kind): \(error)")
                #expect(try ReadableFile.contents(of: other) == Self.old, "\(kind)")
            }
        }
    }

    /// Appending would change the file under its other name too.
    @Test func growingFilesWithOtherNames() throws {
        try Fixtures.withTemporaryDirectory { folder in
            try make("\(folder)/out")
            try FileManager.default.linkItem(atPath: "\(folder)/out", toPath: "\(folder)/other")
            #expect(throws: FileError.self) { _ = try ResumableFile(path: "\(folder)/out", isUsableUnfinished: true) }
            #expect(try ReadableFile.contents(of: "\(folder)/other") == Self.old)
        }
    }

    /// A file of the temporary name without another one is what a killed run has left.
    @Test func whatAKilledRunHasLeftIsTakenOver() throws {
        try Fixtures.withTemporaryDirectory { folder in
            try make("\(folder)/.out.partial")
            try write("\(folder)/out")
            #expect(try ReadableFile.contents(of: "\(folder)/out") == Self.new)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["out"])
        }
    }
}
