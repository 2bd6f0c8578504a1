import Files
import Foundation
import TestSupport
import Testing

/// Folders that runs keep their work in.
@Suite struct WorkFolderTests {
    private func open(_ path: String, _ description: String = "a run") throws -> WorkFolder {
        try WorkFolder(path, marker: "run.json", heading: "a heading", description: Array(description.utf8))
    }

    private func write(_ path: String, _ text: String = "precious") throws {
        try Data(text.utf8).write(to: URL(filePath: path))
    }

    private func names(_ folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder))?.sorted() ?? []
    }

    @Test func aRunIsFoundAgainAndRemoved() throws {
        try Fixtures.withTemporaryDirectory { folder in
            let path = folder + "/work"
            #expect(try open(path).foundDescription == nil)
            try write(path + "/layer-0")
            try write(path + "/.layer-1.partial")
            let again = try open(path, "another run")
            #expect(again.foundDescription == Array("a run".utf8))
            again.remove { $0.hasPrefix("layer-") }
            #expect(names(folder).isEmpty)
        }
    }

    @Test func onlyOwnFilesAreRemoved() throws {
        try Fixtures.withTemporaryDirectory { folder in
            let path = folder + "/work"
            let work = try open(path)
            try write(path + "/layer-0")
            try write(path + "/notes")
            try write(folder + "/elsewhere")
            try FileManager.default.createSymbolicLink(
                atPath: path + "/layer-1", withDestinationPath: "../elsewhere")
            try FileManager.default.createDirectory(atPath: path + "/layer-2", withIntermediateDirectories: false)
            work.remove { $0.hasPrefix("layer-") }
            #expect(names(path) == ["layer-2", "notes"])
            #expect(names(folder) == ["elsewhere", "work"])
        }
    }

    @Test func emptyFoldersAndThoseOfRunsThatHadNoTimeAreTaken() throws {
        try Fixtures.withTemporaryDirectory { folder in
            let path = folder + "/work"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            try write(path + "/.run.json.partial", "a h")
            #expect(try open(path).foundDescription == nil)
            #expect(names(path) == ["run.json"])
        }
    }

    @Test(arguments: ["files", "a marker of others", "a link", "a link to an own one", "a file"])
    func whatOthersHaveMadeIsRefused(kind: String) throws {
        try Fixtures.withTemporaryDirectory { folder in
            let (path, other) = (folder + "/work", folder + "/other")
            switch kind {
            case "files", "a marker of others":
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
                try write(path + (kind == "files" ? "/file" : "/run.json"))
            case "a file": try write(path)
            default:
                if kind == "a link" {
                    try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: false)
                } else {
                    _ = try open(other)
                }
                try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "other")
            }
            let before = [names(folder), names(path), names(other)]
            #expect(throws: FileError(.notOurs, path: path)) { _ = try open(path) }
            #expect([names(folder), names(path), names(other)] == before)
        }
    }

    @Test func anotherRunBeginsAnew() throws {
        try Fixtures.withTemporaryDirectory { folder in
            let path = folder + "/work"
            #expect(!WorkFolder.isThere(path))
            do { _ = try open(path) }
            #expect(WorkFolder.isThere(path))
            try write(path + "/layer-0")
            try write(path + "/.layer-1.partial")
            try write(path + "/notes")
            do {
                var work = try open(path, "another run")
                #expect(work.foundDescription == Array("a run".utf8))
                #expect(work.byteCount == 16 + "a heading\na run".utf8.count + 8)
                try work.beginAnew(Array("another run".utf8)) { $0.hasPrefix("layer-") }
                #expect(work.foundDescription == nil)
            }
            #expect(names(path) == ["notes", "run.json"])
            #expect(try open(path).foundDescription == Array("another run".utf8))
        }
    }

    @Test func twoCannotWorkInOneFolder() throws {
        try Fixtures.withTemporaryDirectory { folder in
            let path = folder + "/work"
            let work = try open(path)
            #expect(throws: FileError(.beingWritten, path: path)) { _ = try open(path) }
            work.remove { _ in false }
            // What it holds has no name any more.
            let next = try open(path)
            #expect(next.foundDescription == nil)
            withExtendedLifetime(work) {}
            next.remove { _ in false }
        }
    }
}
