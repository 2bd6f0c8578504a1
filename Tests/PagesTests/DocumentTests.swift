import Pages
import Testing

/// What documents say of made-up figures.
@Suite struct DocumentTests {
    @Test func theFrontIsOfModelsThatNoOtherBeatsInBoth() {
        let models = [
            SampleReport.model("original", bytes: 900, perplexity: 4),
            SampleReport.model("large", bytes: 500, perplexity: 4, divergence: 0.01),
            SampleReport.model("worse and larger", bytes: 600, perplexity: 4, divergence: 0.02),
            SampleReport.model("small", bytes: 300, perplexity: 5, divergence: 0.1),
            SampleReport.model("as small and worse", bytes: 300, perplexity: 5, divergence: 0.2),
            SampleReport.model("twin", bytes: 300, perplexity: 5, divergence: 0.1),
            SampleReport.model("other", bytes: 100, perplexity: 5, notCompared: ReportTables.otherTokenizer),
        ]
        #expect(models.placed.map(\.isOnFront) == [nil, true, false, true, false, true, nil])
    }

    @Test func theLeastIsBestAmongTheSameTokens() throws {
        let report = SampleReport.report([
            SampleReport.model("original", bytes: 900, perplexity: 4.25),
            SampleReport.model("a", bytes: 500, perplexity: 4.5, divergence: 0.25),
            SampleReport.model("b", bytes: 400, perplexity: 4.75, divergence: 0.125),
            SampleReport.model("other", bytes: 100, perplexity: 2, notCompared: ReportTables.otherTokenizer),
        ])
        func row(_ title: String) throws -> [FigureTable.Cell] {
            let table = try #require(ReportTables(report).texts.first { $0.title == title })
            return try #require(table.rows.first { $0[0].text == "text" })
        }
        let perplexity = try row("Perplexity")
        #expect(
            perplexity.map(\.text) == [
                "text", "4.2500 ± 0.2500", "4.5000 ± 0.2500 (1.250×)", "4.7500 ± 0.2500 (1.250×)",
                "2.0000 ± 0.2500 (other tokenizer)",
            ])
        #expect(perplexity.map(\.isBest) == [false, true, false, false, false])
        let divergence = try row("KL divergence")
        #expect(
            divergence.map(\.text) == [
                "text", "0.25000 ± 0.03125 (same top 75.0 %)", "0.12500 ± 0.01563 (same top 75.0 %)",
                "other tokenizer",
            ])
        #expect(divergence.map(\.isBest) == [false, false, true, false])
        #expect(try row("perplexity difference").map(\.text)[1] == "+0.5000 ± 0.0625")
        // All are the same: none is the best.
        #expect(try row("perplexity per byte").allSatisfy { !$0.isBest })
    }

    @Test func linesOfCSV() {
        let name = "a,\"b\"\n"
        let report = SampleReport.report([
            SampleReport.model("original", bytes: 900, perplexity: 4),
            SampleReport.model(name, bytes: 500, perplexity: 4.5, divergence: 0.1),
            SampleReport.model("other", bytes: 100, perplexity: 2, notCompared: ReportTables.otherTokenizer),
        ])
        let lines = report.csv.split(separator: "\r\n")
        #expect(lines.contains("\"a,\"\"b\"\"\n\",text,text,kl_divergence,0.1,0.0125"))
        #expect(lines.contains("original,text,text,perplexity,4.0,0.25"))
        #expect(lines.contains("other,text,text,kl_divergence,other tokenizer,"))
        #expect(!lines.contains { $0.hasPrefix("original,") && $0.contains("kl_divergence") })
    }

    private static let metadata = [
        "general.name": ["Mine & yours"], "general.license": ["apache-2.0"], "general.languages": ["en", "zh"],
        "general.source.repo_url": ["https://huggingface.co/xverse/XVERSE-MoE-A4.2B"],
        "general.tags": ["text-generation", "moe"], "general.sampling.temp": ["0.5"],
        "general.sampling.top_k": ["40"],
    ]

    private static let files = SampleReport.report([
        SampleReport.model("original", bytes: 900, perplexity: 4, isCheckpoint: true),
        SampleReport.model("large", bytes: 800, perplexity: 4, divergence: 0.01, metadata: metadata, cardGiB: 32),
        SampleReport.model("middle", bytes: 500, perplexity: 4, divergence: 0.1, metadata: metadata, cardGiB: 16),
        SampleReport.model("small", bytes: 300, perplexity: 5, divergence: 0.2, metadata: metadata),
    ])

    @Test func frontMatterHasBothLicenses() {
        let details = CardDetails(
            repository: "me/mine-GGUF", weightsLicense: .init(name: "Model License", link: "https://example.org/l"),
            quantizedBy: "me: \"I\"\n")
        let card = ModelCard(Self.files, details: details).readme
        #expect(
            card.hasPrefix(
                #"""
                ---
                base_model: "xverse/XVERSE-MoE-A4.2B"
                base_model_relation: "quantized"
                license:
                - "apache-2.0"
                - "other"
                license_name: "Model License"
                license_link: "https://example.org/l"
                language:
                - "en"
                - "zh"
                library_name: "gguf"
                pipeline_tag: "text-generation"
                tags:
                - "moe"
                - "gguf"
                - "swage"
                quantized_by: "me: \"I\"\\n"
                ---

                # Mine &amp; yours as GGUF
                """#))
        #expect(card.contains("- code: apache-2.0\n- weights: Model License, https://example.org/l\n"))
        // The original is a checkpoint, and no file of the repository.
        #expect(!card.contains("original.gguf") && card.contains("| large.gguf "))
        #expect(card.contains("llama-server -m middle.gguf -ngl 99 -c 4096\n"))
        let plain = ModelCard(Self.files, details: CardDetails()).readme
        #expect(plain.contains("\nlicense: \"apache-2.0\"\n") && !plain.contains("license_name"))
    }

    @Test func modelfileOfTheNearestFileThatACardHolds() {
        let frame = ChatFrame(
            beforeSystem: "<s>", afterSystem: "</s>\n", beforePrompt: "Human: ", afterPrompt: "\n\nAssistant: ",
            afterAnswer: "<end>\n")
        #expect(
            ModelCard(Self.files, details: CardDetails(), frame: frame).modelfile == #"""
                # Made by Swage 1.0. Any other file of the repository can stand here.
                FROM ./middle.gguf
                PARAMETER num_ctx 4096
                PARAMETER temperature 0.5
                PARAMETER top_k 40
                TEMPLATE """{{ if .System }}<s>{{ .System }}</s>
                {{ end }}{{ if .Prompt }}Human: {{ .Prompt }}{{ end }}

                Assistant: {{ .Response }}<end>
                """
                PARAMETER stop "<end>"

                """#)
        let hostile = ChatFrame(
            beforeSystem: "", afterSystem: nil, beforePrompt: "{{ .Secret }}", afterPrompt: "", afterAnswer: "")
        #expect(ModelCard(Self.files, details: CardDetails(), frame: hostile).modelfile?.contains("TEMPLATE") == false)
    }
}
