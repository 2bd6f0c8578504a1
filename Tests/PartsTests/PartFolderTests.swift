import Foundation
import Journals
import Parts
import TestSupport
import Testing

/// The files of parts, and where a job may write.
@Suite struct PartFolderTests {
    private struct Place {
        let root: String
        let plan: PartPlan
        let location: PlanLocation
        let folder: PartFolder

        init(_ root: String, version: String = "1.0.0", job: String = "quantize") throws {
            self.root = root
            plan = try PartPlan(
                version: version, job: [job], directory: ".", identity: RunIdentity(), unit: .windows,
                units: (0..<3).map { WorkUnit("\($0)", cost: 1) }, count: 3)
            location = try PlanLocation("\(root)/plan.json")
            folder = try PartFolder(plan, at: location, suffix: "scores")
        }

        func write(_ number: Int, processor: String? = nil) throws {
            try folder.make()
            try Data("part \(number)".utf8).write(to: URL(filePath: folder.file(ofPart: number)))
            _ = try folder.complete(part: number, processor: processor, seconds: 1.5, lines: ["a"])
        }
    }

    @Test func partsAreThereWhenTheirRecordsAre() throws {
        try Fixtures.withTemporaryDirectory { root in
            let place = try Place(root)
            #expect(place.folder.file(ofPart: 2).hasSuffix("/plan.parts/part-00002-of-00003.scores"))
            #expect(try place.folder.state(ofPart: 2) == .missing)
            try place.folder.make()
            try Data("half".utf8).write(to: URL(filePath: place.folder.file(ofPart: 2)))
            #expect(try place.folder.state(ofPart: 2) == .missing)
            try place.write(2)
            guard case .complete(let record) = try place.folder.verifiedState(ofPart: 2) else {
                Issue.record("it is complete")
                return
            }
            // Of `printf 'part 2' | sha256sum`.
            #expect(record.sha256 == "427755e659b3584580205091b5c2c9ef91423a054ff05bfb50709fec68decc4a")
            #expect(record.bytes == 6 && record.lines == ["a"] && record.seconds == 1.5 && record.part == 2)
            #expect(throws: PlanError(.missing([1, 3]), path: place.location.path)) {
                _ = try place.folder.verified(place.location) { _ in }
            }
            for number in [1, 3] { try place.write(number) }
            #expect(try place.folder.verified(place.location) { _ in }.map(\.part) == [1, 2, 3])
            place.folder.remove()
            #expect(!FileManager.default.fileExists(atPath: place.folder.path))
        }
    }

    @Test func partsThatCannotBeUsed() throws {
        try Conformance.row("inputs/plan-parts")
        try Fixtures.withTemporaryDirectory { root in
            let place = try Place(root)
            for number in 1...3 { try place.write(number) }
            let file = place.folder.file(ofPart: 1)
            let record = file.replacing(".scores", with: ".json")
            let intact = try Data(contentsOf: URL(filePath: record))
            func state() throws -> PartFolder.State { try place.folder.verifiedState(ofPart: 1) }

            try Data("part".utf8).write(to: URL(filePath: file))
            #expect(try state() == .unusable(.cutOff(byteCount: 4, expected: 6)))
            try Data("part 9".utf8).write(to: URL(filePath: file))
            #expect(try state() == .unusable(.damaged))
            let error = #expect(throws: PlanError.self) { _ = try place.folder.verified(place.location) { _ in } }
            #expect(error == PlanError(.unusable(part: 1, .damaged), path: file))
            try Data("part 1".utf8).write(to: URL(filePath: file))

            try Data("{}".utf8).write(to: URL(filePath: record))
            #expect(try state() == .unusable(.foreign))
            // The record of another part, under this one's name.
            try Data(contentsOf: URL(filePath: record.replacing("00001-of", with: "00002-of")))
                .write(to: URL(filePath: record))
            #expect(try state() == .unusable(.otherPlan))
            try intact.write(to: URL(filePath: record))
            let otherJob = try Place(root, job: "convert")
            #expect(try otherJob.folder.state(ofPart: 1) == .unusable(.otherPlan))
            let newer = try Place(root, version: "2.0.0")
            #expect(
                try newer.folder.state(ofPart: 1) == .unusable(.otherVersion(found: "1.0.0", expected: "2.0.0")))
            try FileManager.default.removeItem(atPath: file)
            try FileManager.default.createSymbolicLink(
                atPath: file, withDestinationPath: place.folder.file(ofPart: 2))
            #expect(try state() == .unusable(.foreign))
        }
    }

    @Test func partsOfOneKindOfProcessor() throws {
        try Fixtures.withTemporaryDirectory { root in
            let place = try Place(root)
            for number in 1...3 { try place.write(number, processor: number == 2 ? "Haswell" : "SkylakeX") }
            let error = #expect(throws: PlanError.self) { _ = try place.folder.verified(place.location) { _ in } }
            #expect(error?.diagnostic.problem.hasSuffix("part 2 on Haswell, parts 1, 3 on SkylakeX") == true)
        }
    }

    @Test func aLinkIsNoFolderOfParts() throws {
        try Fixtures.withTemporaryDirectory { root in
            try FileManager.default.createDirectory(atPath: "\(root)/else", withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(atPath: "\(root)/plan.parts", withDestinationPath: "else")
            #expect(throws: (any Error).self) { _ = try Place(root) }
        }
    }

    @Test func outputsLieBelowThePlan() throws {
        try Fixtures.withTemporaryDirectory { root in
            for folder in ["job/out", "else"] {
                try FileManager.default.createDirectory(atPath: "\(root)/\(folder)", withIntermediateDirectories: true)
            }
            let files = FileManager.default
            try Data().write(to: URL(filePath: "\(root)/else/file"))
            try files.createSymbolicLink(atPath: "\(root)/job/away", withDestinationPath: "\(root)/else")
            try files.createSymbolicLink(atPath: "\(root)/job/link", withDestinationPath: "\(root)/else/file")
            try files.createSymbolicLink(atPath: "\(root)/job/nowhere", withDestinationPath: "\(root)/else/none")
            let location = try PlanLocation("\(root)/job/plan.json")
            for output in ["a.gguf", "out/a.gguf", "out/../a.gguf", "new/folder/report.json", "out"] {
                try location.check(output: "\(root)/job/\(output)")
            }
            for output in [
                "../a.gguf", "away/a.gguf", "link", "nowhere", "out/../../job2/a", "plan.json", "plan.parts/part", "..",
                "new/../../a",
            ] {
                #expect(throws: PlanError.self, "\(output)") { try location.check(output: "\(root)/job/\(output)") }
            }
            #expect(throws: PlanError.self) { try location.check(output: "/etc/passwd") }
            #expect(location.relative("\(root)/job") == "." && location.relative("\(root)/job/out") == "out")
            #expect(location.relative("\(root)/else") == "../else")
        }
    }
}
