import Foundation
import TestSupport
import Testing

/// Models of different tokenizers beside each other.
@Suite struct OtherTokenizerTests {
    private static let other = Fixtures.path("models/apus-xdan-tiny")
    private static let text = Fixtures.path("text/eval/fiction-en.txt")

    private static func report(_ options: String...) async throws -> Swage.Outcome {
        let outcome = try await Swage.run(
            [
                "report", "--model", "first=\(Products.checkpoint)", "--model",
                "same=\(try await Products.original.value)",
                "--model", "other=\(other)", "--text", "a=\(text)", "--text", "b=\(text)", "--context", "64",
                "--chunks", "1",
            ] + options)
        try #require(outcome.status == 0, "\(outcome.error)")
        return outcome
    }

    @Test func theReportSaysSoInPlaceOfRatios() async throws {
        try Conformance.row("evaluating/report-of-other-tokenizer")
        let lines = try await Self.report().output.split(separator: "\n").map(String.init)
        let rows = lines.filter { $0.hasPrefix("| a ") || $0.hasPrefix("| AVG(all) ") }
        // Per text and average: perplexity, its difference, divergence, per character, per byte.
        #expect(rows.count == 10, "\(lines)")
        let distribution = lines.filter { $0.hasPrefix("| other ") && $0.contains("other tokenizer") }
        #expect(distribution.count == 1 && distribution[0].ranges(of: "other tokenizer").count == 8)
        for row in rows.prefix(6) {
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            #expect(cells.last?.hasSuffix("other tokenizer)") == true || cells.last == "other tokenizer", "\(row)")
            #expect(cells.last?.contains("×") == false && cells.last?.contains("%") == false)
            #expect(cells.dropLast().last?.contains("other") == false)
        }
        for row in rows.suffix(4) { #expect(!row.contains("other tokenizer") && row.contains("±"), "\(row)") }
    }

    @Test func theReportHasNullAndTheReason() async throws {
        try Conformance.row("evaluating/report-of-other-tokenizer")
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(try await Self.report("--json").output.utf8))
                as? [String: Any])
        let models = try #require(object["models"] as? [[String: Any]])
        #expect(models.map { $0["notCompared"] as? String } == [nil, nil, "other tokenizer"])
        let texts = try models.map { try #require(($0["texts"] as? [[String: Any]])?.first) }
        #expect(texts[0]["divergence"] == nil)
        #expect(texts[1]["divergence"] is [String: Any])
        #expect(texts[2]["divergence"] is NSNull)
        let groups = try #require(object["groups"] as? [[String: Any]])
        let averages = try #require(groups[0]["models"] as? [[String: Any]])
        #expect(averages[2]["divergence"] is NSNull && averages[2]["topAgreement"] is NSNull)
        #expect((averages[2]["perplexityPerByte"] as? [String: Any])?["value"] is Double)
    }

    @Test func perplexityRefusesTheReference() async throws {
        try Conformance.row("evaluating/reference-of-other-tokenizer")
        try await Refusal(
            "another tokenizer", status: 3, "its tokens are not those of the reference", "per character and byte"
        ) { _ in
            [
                "perplexity", Products.checkpoint, "--reference", Self.other, "--text", Self.text, "--context", "64",
                "--chunks", "1",
            ]
        }.check()
    }

    @Test func answersAreComparedByQuestion() async throws {
        try Conformance.row("evaluating/answers-of-other-tokenizer")
        let workspace = try Workspace()
        let task = try workspace.write(
            "task.jsonl", #"{"prompt": "One and", "choices": [" two", " blue"], "answer": 0}"#.utf8)
        let outcome = try await Swage.run(
            "evaluate", Products.checkpoint, "--task", task, "--reference", Self.other, "--json")
        try #require(outcome.status == 0, "\(outcome.error)")
        let object = try #require(JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let result = try #require((object["tasks"] as? [[String: Any]])?.first)
        let agreement = try #require(result["agreement"] as? [String: Any])
        #expect(
            agreement.keys.sorted() == [
                "accDifference", "bothRight", "bothWrong", "onlyModelRight", "onlyReferenceRight", "sameAnswer",
            ])
    }
}
