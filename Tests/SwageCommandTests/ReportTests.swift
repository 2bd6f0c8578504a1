import Digests
import Foundation
import Synchronization
import TestSupport
import Testing

/// A report in a folder: its page, its Markdown, its CSV, its card, and the JSON that all of them are made from.
@Suite struct ReportTests {
    /// A report of two tiny models on two texts with a task, made once.
    private static let folder = Task {
        let workspace = try Workspace()
        let task = try workspace.write(
            "task.jsonl",
            """
            {"prompt": "One and", "choices": [" two", " blue", " three"], "answer": 0}
            {"prompt": "The sky", "choices": [" is", " are"], "answer": 0}
            """.utf8)
        let outcome = try await Swage.run(
            [
                "report", "--model", "base=\(try await Products.tinyBase.value)", "--model",
                "first=\(try await Products.tinyModel.value)", "--model", "a<b>\"\u{301}|c=\(try await variant())",
                "--text", "text=\(Products.tinyText)", "--text", "more=\(Products.tinyText)",
                "--group", "AVG(text)=text", "--task", task, "--weights", "--card", "--repository", "me/tiny-GGUF",
                "--weights-license", "A \"License\"=https://example.org/license", "-o", workspace.file("out") + "/",
            ] + windows)
        try #require(outcome.status == 0, "\(outcome.error)")
        return workspace
    }

    private static let windows = ["--context", "32", "--chunks", "2"]

    /// A third model: the base in other types.
    private static func variant() async throws -> String {
        let workspace = try Workspace()
        let path = workspace.file("variant.gguf")
        let outcome = try await Swage.run(
            "quantize", try await Products.tinyBase.value, "-o", path, "--type", "Q4_0", "--pure")
        try #require(outcome.status == 0, "\(outcome.error)")
        kept.withLock { $0.append(workspace) }
        return path
    }

    private static let kept = Mutex<[Workspace]>([])

    private static func text(_ name: String) async throws -> String {
        String(decoding: try Data(path: try await folder.value.file("out/\(name)")), as: UTF8.self)
    }

    private static func json() async throws -> [String: Any] {
        let object = try JSONSerialization.jsonObject(with: Data(try await text("report.json").utf8))
        return try #require(object as? [String: Any])
    }

    private static func models() async throws -> [[String: Any]] {
        let json = try await json()
        return try #require(json["models"] as? [[String: Any]])
    }

    // MARK: Numbers

    @Test func theFolderHasEveryKindAndNothingElse() async throws {
        let workspace = try await Self.folder.value
        let names = try FileManager.default.contentsOfDirectory(atPath: workspace.file("out")).sorted()
        #expect(
            names == [
                "Modelfile", "README.md", "kl-size.svg", "report.csv", "report.html", "report.json", "report.md",
            ])
        #expect(workspace.contents == ["out", "task.jsonl"])
    }

    @Test func figuresAreThoseOfPerplexity() async throws {
        let models = try await Self.models()
        let outcome = try await Swage.run(
            [
                "perplexity", try await Products.tinyModel.value, "--reference", try await Products.tinyBase.value,
                "--text", Products.tinyText, "--json",
            ] + Self.windows)
        let alone = try #require(JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let text = try #require((alone["texts"] as? [[String: Any]])?.first)
        let column = try #require((models[1]["texts"] as? [[String: Any]])?.first)
        #expect(column["divergence"] is [String: Any])
        #expect(NSDictionary(dictionary: column) == NSDictionary(dictionary: text))
    }

    @Test func answersAreThoseOfEvaluate() async throws {
        let workspace = try await Self.folder.value
        let models = try await Self.models()
        let outcome = try await Swage.run(
            "evaluate", try await Products.tinyModel.value, "--reference", try await Products.tinyBase.value, "--task",
            workspace.file("task.jsonl"), "--json")
        let alone = try #require(JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let task = try #require((alone["tasks"] as? [[String: Any]])?.first)
        let column = try #require((models[1]["tasks"] as? [[String: Any]])?.first)
        #expect(NSDictionary(dictionary: column) == NSDictionary(dictionary: task))
    }

    @Test func weightErrorsAreThoseOfCompare() async throws {
        let models = try await Self.models()
        let outcome = try await Swage.run(
            "compare", try await Products.tinyBase.value, try await Products.tinyModel.value, "--json")
        let alone = try #require(JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        var errors: [String: Double] = [:]
        let compared = try #require(alone["tensors"] as? [[String: Any]])
        for tensor in compared {
            let name = try #require(tensor["name"] as? String)
            errors[name] = (tensor["error"] as? [String: Any])?["relativeRMSE"] as? Double
        }
        let tensors = try #require((models[1]["weights"] as? [String: Any])?["tensors"] as? [[String: Any]])
        #expect(!tensors.isEmpty)
        for tensor in tensors {
            let name = try #require(tensor["name"] as? String)
            #expect(tensor["relativeRMSE"] as? Double == errors[name])
        }
    }

    @Test func digestsAreThoseOfTheFiles() async throws {
        let models = try await Self.models()
        let files = try #require((models[1]["file"] as? [String: Any])?["files"] as? [[String: Any]])
        let path = try await Products.tinyModel.value
        #expect(files[0]["sha256"] as? String == SHA256.hexadecimal(of: Array(try Data(path: path))))
        let size = try Data(path: path).count
        #expect(files[0]["bytes"] as? Int == size)
    }

    /// All numbers in the JSON, with all their digits, which Foundation's reader of objects loses some of.
    private static func numbers() async throws -> Set<Double> {
        let json = try await text("report.json")
        return Set(json.matches(of: /" : (-?[0-9][0-9.e+-]*)/).compactMap { Double($0.1) })
    }

    @Test func pageHasTheNumbersOfTheJSON() async throws {
        let (page, known) = (try await Self.text("report.html"), try await Self.numbers())
        let cells = page.matches(of: /<td data-v="([^"]*)"[^>]*>([^<]*)<\/td>/)
        #expect(cells.count > 60)
        for cell in cells {
            let value = try #require(Double(cell.1), "\(cell.1)")
            let isKnown = known.contains(value)
            #expect(isKnown && Self.isRounded(String(cell.2), of: [value]), "\(cell.0)")
        }
        // Errors and what stands in parentheses too.
        let shown = page.matches(of: /<td[^>]*>([^<]*±[^<]*)<\/td>/).map { String($0.1) }
        #expect(shown.count > 20)
        for text in shown { Self.expectRounded(text, of: known) }
    }

    @Test(arguments: ["report.md", "README.md"]) func tablesHaveTheNumbersOfTheJSON(name: String) async throws {
        let known = try await Self.numbers()
        let lines = try await Self.text(name).split(separator: "\n").filter { $0.hasPrefix("| ") }
        let cells = lines.flatMap { $0.split(separator: "|").dropFirst() }
            .map { $0.trimmingCharacters(in: .whitespaces).replacing("**", with: "") }
            // Titles of quantiles are no figures.
            .filter { !["95 %", "99 %", "99.9 %"].contains($0) }.filter {
                $0.wholeMatch(of: /[+-]?[0-9]+(\.[0-9]+)?( .*)?/) != nil
            }
        #expect(cells.count > 50)
        for cell in cells { Self.expectRounded(cell, of: known) }
    }

    /// A report's JSON, as far as this test asks.
    private struct Report: Decodable {
        struct Model: Decodable {
            let name: String
            let texts: [PerplexityReport.Text]
        }

        let models: [Model]
    }

    @Test func linesHaveTheNumbersOfTheJSONWithAllDigits() async throws {
        let known = try await Self.numbers()
        let field = /(?:^|,)(?:"((?:[^"]|"")*)"|([^,"]*))/.matchingSemantics(.unicodeScalar)
        let lines = try await Self.text("report.csv").split(separator: "\r\n").map { line in
            line.matches(of: field).map { String($0.1 ?? $0.2 ?? "") }
        }
        #expect(lines[0] == ["model", "section", "row", "measure", "value", "standard_error"])
        #expect(lines.allSatisfy { $0.count == 6 })
        for line in lines.dropFirst() {
            let areKnown = line.suffix(2).compactMap(Double.init).allSatisfy(known.contains)
            #expect(areKnown, "\(line)")
        }
        let report = try JSONDecoder().decode(Report.self, from: Data(try await Self.text("report.json").utf8))
        let mean = try #require(report.models[1].texts[0].divergence?.mean)
        let line = try #require(lines.first { $0.starts(with: ["first", "text", "text", "kl_divergence"]) })
        #expect(Double(line[4]) == mean.value && Double(line[5]) == mean.standardError)
        #expect(Set(lines.dropFirst().map { $0[0] }) == ["base", "first", "a<b>\"\"\u{301}|c"])
    }

    /// Whether a text begins with one of the values, rounded to the digits that it has, as such, in percent or in units of bytes.
    private static func isRounded(_ text: String, of values: some Sequence<Double>) -> Bool {
        guard let match = text.prefixMatch(of: /[+-]?([0-9]+)(?:\.([0-9]+))?/), let shown = Double(match.0) else {
            return false
        }
        var half = 0.5
        for _ in 0..<(match.2?.count ?? 0) { half /= 10 }
        let scales = [1, 100, 1e-3, 1e-6, 1e-9]
        return values.contains { value in scales.contains { abs(shown - value * $0) <= half * 1.000001 } }
    }

    private static func expectRounded(_ text: String, of known: Set<Double>) {
        for part in text.matches(of: /[+-]?[0-9]+(\.[0-9]+)?/) {
            let isKnown = isRounded(String(part.0), of: known)
            #expect(isKnown, "\(part.0) of \(text)")
        }
    }

    // MARK: The page

    @Test func theBestOfARowIsMarked() async throws {
        let page = try await Self.text("report.html")
        let section = try #require(page.ranges(of: "<h2>KL divergence</h2>").first)
        let row = try #require(page[section.upperBound...].firstMatch(of: /<tr><th scope="row">text<\/th>(.*?)<\/tr>/))
        let best = row.1.matches(of: /data-v="([^"]*)" class="right best"/).compactMap { Double($0.1) }
        let report = try JSONDecoder().decode(Report.self, from: Data(try await Self.text("report.json").utf8))
        let means = report.models.dropFirst().compactMap { $0.texts[0].divergence?.mean.value }
        #expect(means.count == 2 && best == means.min().map { [$0] })
    }

    @Test func thePageNeedsNothingElseAndShowsNamesAsTheyAre() async throws {
        try Conformance.row("terminal/page")
        let page = try await Self.text("report.html")
        #expect(!page.contains("http://") && !page.contains("https://") && !page.contains("a<b>"))
        #expect(page.contains("a&lt;b&gt;&quot;\u{301}|c"))
        #expect(page.contains("default-src 'none'") && !page.contains("src=\"") && !page.contains("@import"))
        #expect(page.contains("prefers-color-scheme:dark") && page.contains("viewport"))
        for tag in ["table", "section", "svg", "details", "figure", "g", "td", "tr", "text", "title"] {
            let opened = page.matches(of: try Regex("<\(tag)[ >]")).count
            #expect(opened == page.ranges(of: "</\(tag)>").count, "\(tag)")
        }
        // Divergence against size, perplexities, and the weights of two models.
        #expect(page.ranges(of: "<svg ").count == 4)
        #expect(!page.contains("{{") && !page.contains("}}}"))
    }

    // MARK: The card

    @Test func theCardSaysWhatIsKnown() async throws {
        let card = try await Self.text("README.md")
        #expect(card.hasPrefix("---\n"))
        #expect(card.contains("license_name: \"A \\\"License\\\"\"\nlicense_link: \"https://example.org/license\"\n"))
        #expect(card.contains("library_name: \"gguf\"") && card.contains("![KL divergence against size](kl-size.svg)"))
        #expect(card.contains("llama-server -hf me/tiny-GGUF:"))
        #expect(card.contains("ollama create") && !card.contains("<b>"))
        let modelfile = try await Self.text("Modelfile").split(separator: "\n")
        #expect(modelfile[1].hasPrefix("FROM ./") && modelfile[1].hasSuffix(".gguf"))
        #expect(modelfile[2].hasPrefix("PARAMETER num_ctx "))
        let chart = try await Self.text("kl-size.svg")
        #expect(chart.hasPrefix("<svg xmlns=") && chart.ranges(of: "<svg").count == 1 && chart.hasSuffix("</svg>\n"))
    }

    /// ChatML, as ollama's own library has it for models of this template.
    @Test func theModelfileHasWhatTheTemplateSays() async throws {
        let workspace = try Workspace()
        let file = workspace.file("model.gguf")
        #expect(try await Swage.run("convert", Fixtures.path("models/apus-xdan-tiny"), "-o", file).status == 0)
        let outcome = try await Swage.run(
            [
                "report", "--model", "a=\(file)", "--text", "t=\(Products.tinyText)", "--card", "-o",
                workspace.file("out"),
            ] + Self.windows)
        try #require(outcome.status == 0, "\(outcome.error)")
        let modelfile = String(decoding: try Data(path: workspace.file("out/Modelfile")), as: UTF8.self)
        #expect(
            modelfile.hasSuffix(
                #"""
                FROM ./model.gguf
                PARAMETER num_ctx 8192
                TEMPLATE """{{ if .System }}<|im_start|>system
                {{ .System }}<|im_end|>
                {{ end }}{{ if .Prompt }}<|im_start|>user
                {{ .Prompt }}{{ end }}<|im_end|>
                <|im_start|>assistant
                {{ .Response }}<|im_end|>
                """
                PARAMETER stop "<|im_end|>"

                """#), "\(modelfile)")
    }

    // MARK: Going on

    @Test func workIsKeptBesideTheFolderAndGoesWithIt() async throws {
        let workspace = try Workspace()
        let output = workspace.file("out")
        let arguments = [
            "report", "--model", "a=\(try await Products.tinyBase.value)", "--text", "t=\(Products.tinyText)", "-o",
            output,
        ]
        let folder = try workspace.write("out.work/theirs.txt", "not ours".utf8)
        let refused = try await Swage.run(arguments + Self.windows)
        #expect(refused.status != 0 && refused.error.contains("out.work"), "\(refused.error)")
        try FileManager.default.removeItem(atPath: URL(filePath: folder).deletingLastPathComponent().path)
        let outcome = try await Swage.run(arguments + Self.windows)
        #expect(outcome.status == 0 && outcome.output == "\(output): 1 models on 1 texts\n", "\(outcome.error)")
        #expect(workspace.contents == ["out"])
        let again = try await Swage.run(arguments + Self.windows + ["--restart", "--overwrite"])
        #expect(again.status == 0, "\(again.error)")
    }

    // MARK: Options

    @Test(arguments: [
        (["--card"], "--card needs a folder"), (["-o", "x.md", "--card"], "--card needs a folder"),
        (["-o", "x.txt"], "x.txt"), (["--limit", "1"], "--limit belongs to --task"),
        (["--base-model", "a/b"], "belong to --card"), (["--weights"], "--weights needs two models"),
    ])
    func optionsThatDoNotFit(options: [String], words: String) async throws {
        let outcome = try await Swage.run(["report", "--model", "a=b", "--text", "c=d"] + options)
        #expect(outcome.status == 2 && outcome.error.contains(words), "\(outcome.error)")
    }

    @Test(arguments: ["report.md", "report.json", "report.html", "report.csv", "README.md", "Modelfile"])
    func aFolderOfInputsIsNoOutput(name: String) async throws {
        let workspace = try Workspace()
        let text = try workspace.write("out/\(name)", try Data(path: Products.tinyText))
        let outcome = try await Swage.run(
            [
                "report", "--model", "a=\(try await Products.tinyBase.value)", "--text", "t=\(text)", "--card", "-o",
                workspace.file("out"),
            ] + Self.windows)
        #expect(outcome.status == 2 && outcome.error.contains("the output is also an input"), "\(outcome.error)")
        let (before, after) = (try Data(path: Products.tinyText), try Data(path: text))
        #expect(before == after)
    }
}
