import Foundation
import TestSupport
import Testing

/// Scores that are kept window by window: continued, merged, refused.
@Suite struct ScoreFileTests {
    private static let text = Products.tinyText
    private static let other = Fixtures.path("text/eval/web-zh.txt")
    private static let windows = ["--context", "32", "--json", "--text", text, other]

    /// What models are measured against.
    enum Reference: String, CaseIterable, CustomTestStringConvertible {
        case none, model, predictions

        var testDescription: String { rawValue }

        func arguments(_ workspace: Workspace) async throws -> [String] {
            let base = try await Products.tinyBase.value
            switch self {
            case .none: return []
            case .model: return ["--reference", base]
            case .predictions:
                let path = workspace.file("predictions")
                let outcome = try await Swage.run(
                    ["perplexity", base, "--save-base-logits", path, "--chunks", "6"] + windows)
                try #require(outcome.status == 0, "\(outcome.error)")
                return ["--base-logits", path]
            }
        }
    }

    private static func run(_ arguments: [String]) async throws -> Swage.Outcome {
        let outcome = try await Swage.run(["perplexity", try await Products.tinyModel.value] + windows + arguments)
        try #require(outcome.status == 0, "\(outcome.error)")
        return outcome
    }

    @Test(arguments: Reference.allCases)
    func whatWasCutOffIsContinued(reference: Reference) async throws {
        let workspace = try Workspace()
        let arguments = ["--chunks", "6"] + (try await reference.arguments(workspace))
        let path = workspace.file("scores")
        let plain = try await Self.run(arguments)
        let whole = try await Self.run(arguments + ["--save-scores", path])
        #expect(whole.output == plain.output)
        let bytes = try Data(path: path)
        let ends = bytes.indices.filter { bytes[$0] == 0x0a }
        #expect(ends.count == 13)
        // Nothing, a part of the first line, of the second text's, whole lines, all.
        for length in [0, 10, ends[0] + 1, ends[3] + 1, ends[3] + 20, ends[8] + 7, ends[11], bytes.count] {
            _ = try workspace.write("scores", bytes.prefix(length))
            let second = try await Self.run(arguments + ["--save-scores", path])
            expectSameFigures(second, whole, "after \(length) bytes")
            #expect(try Data(path: path) == bytes, "after \(length) bytes")
        }
    }

    @Test(arguments: Reference.allCases)
    func partsMergeToTheWhole(reference: Reference) async throws {
        let workspace = try Workspace()
        let arguments = try await reference.arguments(workspace)
        let whole = try await Self.run(arguments + ["--chunks", "6"])
        var paths: [String] = []
        for (first, count) in [(2, 3), (0, 2), (5, 1)] {
            paths.append(workspace.file("part-\(first)"))
            _ = try await Self.run(
                arguments + ["--from-chunk", "\(first)", "--chunks", "\(count)", "--save-scores", paths.last!])
        }
        let merged = try await Swage.run(["perplexity", "--json", "--merge-scores"] + paths)
        expectSameFigures(merged, whole)
        let table = try await Swage.run(["perplexity", "--merge-scores"] + paths.prefix(2))
        #expect(table.status == 0 && table.output.contains("web-zh"))
        #expect(table.output.contains("KL divergence") == (reference != .none))
    }

    /// Files of older versions are continued, and merged with those of this one.
    @Test func oldFormsAreRead() async throws {
        let workspace = try Workspace()
        let whole = try await Self.run(["--chunks", "3"])
        let old = Self.withoutChecksums(
            try Data(path: try await Self.scores(workspace))
        ).split(separator: "\n").prefix(3)
        _ = try workspace.write("scores", (old.joined(separator: "\n") + "\n").utf8)
        let path = workspace.file("scores")
        let continued = try await Self.run(["--chunks", "3", "--save-scores", path])
        expectSameFigures(continued, whole)
        #expect(try Data(path: path).starts(with: (old.joined(separator: "\n") + "\n").utf8))
        // What they do not say is not known.
        let merged = try await Swage.run("perplexity", "--json", "--merge-scores", path)
        func figures(_ outcome: Swage.Outcome) throws -> NSDictionary {
            var object = try #require(
                JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
            #expect((object.removeValue(forKey: "manifest") == nil) == (outcome.output == merged.output))
            return object as NSDictionary
        }
        #expect(try figures(merged) == figures(whole))
    }

    /// More windows of the same run.
    @Test func aFinishedRunIsExtended() async throws {
        let workspace = try Workspace()
        let (path, whole) = (workspace.file("scores"), workspace.file("whole"))
        _ = try await Self.run(["--chunks", "2", "--save-scores", path])
        let extended = try await Self.run(["--chunks", "5", "--save-scores", path])
        let expected = try await Self.run(["--chunks", "5", "--save-scores", whole])
        expectSameFigures(extended, expected)
        // And fewer: what is asked for.
        let fewer = try await Self.run(["--chunks", "2", "--save-scores", path])
        expectSameFigures(fewer, try await Self.run(["--chunks", "2"]))
    }

    private static func scores(_ workspace: Workspace, _ options: String...) async throws -> String {
        _ = try await run(["--chunks", "2", "--save-scores", workspace.file("scores")] + options)
        return workspace.file("scores")
    }

    /// Scores as older versions have kept them: without checksums, and without the version.
    private static func withoutChecksums(_ scores: Data) -> String {
        String(decoding: scores, as: UTF8.self).replacing(/,"checksum":"[0-9a-f]{32}"/, with: "")
            .replacing(/,"version":"[^"]*"/, with: "").replacing("swage scores 2", with: "swage scores 1")
    }

    /// A file of scores without checksums and with another line.
    private static func scores(
        _ workspace: Workspace, line: Int, _ change: (String) -> String
    ) async throws -> String {
        let path = try await scores(workspace)
        var lines = withoutChecksums(try Data(path: path)).split(separator: "\n").map(String.init)
        lines[line] = change(lines[line])
        return try workspace.write("scores", (lines.joined(separator: "\n") + "\n").utf8)
    }

    private static func merge(_ paths: String...) -> [String] { ["perplexity", "--merge-scores"] + paths }

    private static let continued: [Refusal] = [
        Refusal("scores of another context", status: 2, "/scores: the file is there and is of a context of 32, not 64")
        {
            workspace in
            [
                "perplexity", try await Products.tinyModel.value, "--text", text, "--context", "64", "--save-scores",
                try await scores(workspace),
            ]
        },
        Refusal("scores of another model", status: 2, "/scores: the file is there and is of other models") {
            workspace in
            ["perplexity", try await Products.tinyBase.value, "--save-scores", try await scores(workspace)] + windows
        },
        Refusal("scores without the reference", status: 2, "/scores: the file is there and is of other models") {
            workspace in
            [
                "perplexity", try await Products.tinyModel.value, "--save-scores", try await scores(workspace),
                "--reference", try await Products.tinyBase.value,
            ] + windows
        },
        Refusal("scores against other predictions", status: 2, "/scores: the file is there and is of another reference")
        {
            workspace in
            // Another file under the same name.
            let predictions = workspace.file("predictions")
            let store = ["perplexity", try await Products.tinyBase.value, "--save-base-logits", predictions] + windows
            try await Swage.run(store + ["--chunks", "2"])
            let path = try await scores(workspace, "--base-logits", predictions)
            try FileManager.default.removeItem(atPath: predictions)
            try await Swage.run(store + ["--chunks", "3"])
            return [
                "perplexity", try await Products.tinyModel.value, "--base-logits", predictions, "--save-scores", path,
            ] + windows + ["--chunks", "2"]
        },
        Refusal("notes in place of scores", status: 3, "/notes: line 1: it is no line of a file of scores") {
            workspace in
            let path = try workspace.write("notes", "notes\nof mine\n".utf8)
            return ["perplexity", try await Products.tinyModel.value, "--save-scores", path] + windows
        },
        Refusal("a line of notes in place of scores", status: 3, "/notes: line 1: it is no line of a file of scores") {
            workspace in
            let path = try workspace.write("notes", "notes".utf8)
            return ["perplexity", try await Products.tinyModel.value, "--save-scores", path] + windows
        },
    ]

    private static let merged: [Refusal] = [
        Refusal("a window twice", status: 3, "/copy: text: window 0 is there twice") { workspace in
            let path = try await scores(workspace)
            return merge(path, try workspace.write("copy", try Data(path: path)))
        },
        Refusal("a window twice in one file", status: 3, "/scores: text: window 0 is there twice") { workspace in
            merge(try await scores(workspace, line: 2) { $0.replacing("\"window\":1", with: "\"window\":0") })
        },
        Refusal("scores of two runs", status: 2, "/scores: the file is there and is of a context of 32, not 64") {
            workspace in
            let other = workspace.file("other")
            try await Swage.run(
                "perplexity", try await Products.tinyModel.value, "--text", text, "--context", "64", "--save-scores",
                other)
            return merge(other, try await scores(workspace))
        },
        Refusal("no scores", status: 3, "/empty: line 1: it is no line of a file of scores") { workspace in
            merge(try workspace.write("empty", []))
        },
        Refusal("no file of scores", status: 3, "/none: cannot open") { workspace in merge(workspace.file("none")) },
        Refusal("a line that is no object", status: 3, "/scores: line 3: it is no line") { workspace in
            merge(try await scores(workspace, line: 2) { String($0.dropLast(3)) })
        },
        Refusal("a line of no text", status: 3, "/scores: line 2: it is no line") { workspace in
            merge(try await scores(workspace, line: 1) { $0.replacing("\"text\":0", with: "\"text\":2") })
        },
        Refusal("a line with too few scores", status: 3, "/scores: line 2: it is no line") { workspace in
            merge(try await scores(workspace, line: 1) { $0.replacing("\"bytes\":[", with: "\"bytes\":[1,") })
        },
        Refusal("a line of no model", status: 3, "/scores: line 2: it is no line") { workspace in
            merge(
                try await scores(workspace, line: 1) {
                    $0.replacing(/"models":.*"text"/, with: "\"models\":[],\"text\"")
                })
        },
        Refusal("a run of no model", status: 3, "/scores: line 1: it is no line") { workspace in
            let path = try await scores(workspace, line: 0) {
                $0.replacing(/"models":\[.*\],"parsesSpecial/, with: "\"models\":[],\"parsesSpecial")
            }
            return merge(try workspace.write("scores", try Data(path: path).prefix { $0 != 0x0a } + [0x0a]))
        },
    ]

    @Test(arguments: continued) func refusedContinuations(refusal: Refusal) async throws { try await refusal.check() }

    @Test(arguments: merged) func refusedMergers(refusal: Refusal) async throws { try await refusal.check() }

    @Test(arguments: [
        [], ["model", "--merge-scores", "a"],
        ["model", "--text", "a", "--save-scores", "b", "--save-base-logits", "c"],
        ["model", "--text", "a", "--reference", "b", "--base-logits", "c"],
        ["model", "--text", "a", "--reference", "b", "--save-base-logits", "c"],
    ])
    func wrongCombinations(arguments: [String]) async throws {
        #expect(try await Swage.run(["perplexity"] + arguments).status == 2)
    }
}
