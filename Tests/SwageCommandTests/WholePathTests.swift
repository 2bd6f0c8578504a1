import Foundation
import GGUF
import Models
import TestSupport
import Testing

/// From the checkpoint to perplexities and text, command by command.
@Suite struct WholePathTests {
    @Test func inspectingTheConvertedFile() async throws {
        let original = try await Products.original.value
        let outcome = try await Swage.run("inspect", original, "--tensors", "--json")
        #expect(outcome.status == 0 && outcome.error.isOnlyWhatWasWritten)
        let inspection = try outcome.json(Inspection.self)
        #expect(inspection.format == "GGUF v3")
        #expect(inspection.files == [original])
        #expect(inspection.types == ["BF16": 42, "F32": 13])
        let tensors = try #require(inspection.tensors)
        #expect(tensors.count == 55)
        #expect(inspection.elements == tensors.reduce(0) { $0 + $1.shape.reduce(1, *) })
        let down = try #require(tensors.first { $0.name == "blk.0.ffn_down_exps.weight" })
        #expect(down.shape == [256, 256, 16] && down.type == "BF16" && down.bytes == 2 * 256 * 256 * 16)

        let text = try await Swage.run("inspect", original)
        #expect(text.status == 0)
        #expect(text.output.contains("general.architecture") && text.output.contains("\"bailingmoe\""))
        let widest = text.output.split(separator: "\n").map(\.count).max() ?? 0
        #expect(widest < 160, "a table as wide as its longest value is unreadable")
    }

    @Test func metadataIsJSON() async throws {
        let outcome = try await Swage.run("inspect", try await Products.original.value, "--json")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let metadata = try #require(object["metadata"] as? [String: Any])
        #expect(metadata["general.architecture"] as? String == "bailingmoe")
        #expect(metadata["bailingmoe.block_count"] as? Int == 4)
        #expect(metadata["tokenizer.ggml.add_bos_token"] as? Bool == true)
        let sources = try #require(metadata["swage.source.files"] as? [String])
        #expect(sources.contains("config.json") && sources.contains("tokenizer.json"))
        #expect((metadata["swage.source.sha256"] as? [String])?.count == sources.count)
        #expect((metadata["swage.source.weights.sha256"] as? String)?.count == 64)
        #expect((metadata["tokenizer.ggml.tokens"] as? [String: Any])?["count"] as? Int == 4096)
    }

    @Test(arguments: ["Q4_K_M", "IQ2_XXS", "IQ1_S"])
    func quantizingTheFileOrTheCheckpointGivesTheSameTensors(type: String) async throws {
        let workspace = try Workspace()
        let (fromFile, fromCheckpoint) = (workspace.file("file.gguf"), workspace.file("checkpoint.gguf"))
        let importance = try await Products.importance.value
        for (model, output) in [(try await Products.original.value, fromFile), (Products.checkpoint, fromCheckpoint)] {
            let outcome = try await Swage.run(
                "quantize", model, "-o", output, "--type", type, "--imatrix", importance)
            #expect(outcome.status == 0, "\(outcome.error)")
            #expect(outcome.output.hasPrefix("\(output): 55 tensors, "))
        }
        let bytes = try tensorBytes(fromFile)
        #expect(bytes.count == 55)
        #expect(try tensorBytes(fromCheckpoint) == bytes)
    }

    @Test func perplexityOfTheOriginal() async throws {
        let reference = try Reference.load()
        let texts = reference.perplexity.keys.sorted()
        let outcome = try await Swage.run(
            ["perplexity", Products.checkpoint, "--json", "--chunks", "1", "--text"]
                + texts.map { Fixtures.path("text/eval/\($0).txt") })
        #expect(outcome.status == 0 && outcome.error.isOnlyWhatWasWritten)
        let report = try outcome.json(PerplexityReport.self)
        #expect(report.texts.map(\.name) == texts)
        for text in report.texts {
            let expected = try #require(reference.perplexity[text.name]?.firstChunks.first)
            #expect(abs(text.nats.perToken.value - expected) < 1e-3)
            #expect(abs(text.perplexity / exp(expected) - 1) < 1e-3)
            #expect(text.standardError > 0)
            #expect(text.tokens == 255 && text.windows == 1)
        }
    }

    @Test func perplexityOfQuantizedWeightsAsATable() async throws {
        let outcome = try await Swage.run(
            "perplexity", try await Products.quantized.value, "--chunks", "1", "--text",
            Fixtures.path("text/eval/fiction-en.txt"))
        #expect(outcome.status == 0)
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.count == 6)
        let row = lines[2].split(separator: " ").map(String.init)
        #expect(row.first == "fiction-en" && row.suffix(2) == ["255", "1"])
        let reference = try #require(try Reference.load().perplexity["fiction-en"]?.firstChunks.first)
        let perplexity = try #require(Double(row[1]))
        #expect(perplexity > 1 && perplexity < 1.1 * exp(reference))
    }

    @Test(arguments: [0, 1])
    func greedyTextIsThatOfTheReference(prompt: Int) async throws {
        let expected = try Reference.load().continuations[prompt]
        let file = try await Products.float32.value
        let outcome = try await Swage.run("generate", file, "--prompt", expected.prompt, "--json")
        #expect(outcome.status == 0 && outcome.error.isOnlyWhatWasWritten)
        let report = try outcome.json(GenerationReport.self)
        #expect(report.prompt == expected.promptIDs)
        #expect(report.tokens == expected.generatedIDs)
        #expect(report.text == expected.text)

        let streamed = try await Swage.run("generate", file, "--prompt", expected.prompt)
        #expect(streamed.output == expected.text + "\n")
    }

    @Test func reportOfTwoModels() async throws {
        let outcome = try await Swage.run(
            "report", "--model", "original=\(Products.checkpoint)", "--model",
            "Q4=\(try await Products.quantized.value)",
            "--text", "tales=\(Fixtures.path("text/eval/fiction-zh.txt"))", "--chunks", "1")
        #expect(outcome.status == 0 && outcome.error.isOnlyWhatWasWritten)
        let lines = outcome.output.split(separator: "\n")
        // Six tables of texts, the models, their four files, and two notes.
        #expect(lines.count == 32)
        #expect(lines[0].contains("original") && lines[0].contains("Q4"))
        #expect(lines[4].hasPrefix("| tales") && lines[4].contains("×"))
        #expect(lines[5].hasPrefix("| perplexity difference") && !lines[5].contains("original"))
        #expect(lines[7].hasPrefix("| tales") && lines[7].contains(" ± "))
        #expect(lines[8].hasPrefix("| KL divergence ") && !lines[8].contains("original"))
        #expect(lines[10].hasPrefix("| tales") && lines[10].contains("(same top 9"))
        #expect(lines[11].hasPrefix("| KL divergence of all tokens") && lines[13].hasPrefix("| Q4"))
    }

    @Test func modelsWithOtherTokensAreReportedByThemselves() async throws {
        let outcome = try await Swage.run(
            "report", "--model", "a=\(Products.checkpoint)", "--model",
            "b=\(Fixtures.path("models/apus-xdan-tiny"))", "--text",
            "tales=\(Fixtures.path("text/eval/fiction-zh.txt"))", "--chunks", "1")
        #expect(outcome.status == 0 && outcome.error.isOnlyWhatWasWritten)
        #expect(!outcome.output.contains("KL divergence"))
        #expect(outcome.output.split(separator: "\n").count { $0.hasPrefix("| tales") } == 3)
    }

    @Test func dryRunsWriteNothing() async throws {
        let workspace = try Workspace()
        let model = try await Products.original.value
        let outcome = try await Swage.run(
            "quantize", model, "--type", "Q4_K_M", "--dry-run", "--tensor-type", "no_such_tensor=Q8_0")
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("10719232 bytes of tensor data"))
        #expect(outcome.error.hasPrefix("warning: no_such_tensor matches no tensor\nwriting it would take about "))
        try await Swage.run("quantize", model, "--type", "Q4_K_M", "--dry-run", "-o", workspace.file("out.gguf"))
        #expect(workspace.contents.isEmpty)
    }

    @Test func fallbacksAreSaidOnce() async throws {
        let outcome = try await Swage.run(
            "quantize", Products.checkpoint, "--type", "Q4_K_M", "--dry-run", "--pad-experts", "off")
        #expect(outcome.status == 0)
        let warnings = outcome.error.split(separator: "\n").filter { $0.hasPrefix("warning: ") }
        #expect(warnings.count == 4)
        #expect(warnings.allSatisfy { $0.hasPrefix("warning: blk.") && $0.contains("are no whole blocks of Q") })
        #expect(outcome.error.contains("blk.0.ffn_down_exps.weight"))
    }

    @Test func aFileOfMixedTypesKeepsWhatItSaysAboutItself() async throws {
        let workspace = try Workspace()
        let quantized = try await Products.quantized.value
        let (copy, plain) = (workspace.file("copy.gguf"), workspace.file("plain.gguf"))
        #expect(try await Swage.run("convert", quantized, "-o", copy).status == 0)
        #expect(try await Swage.run("convert", quantized, "-o", plain, "--type", "bf16").status == 0)
        let (before, after) = (try GGUFFile(path: quantized).metadata, try GGUFFile(path: copy).metadata)
        #expect(after == before)
        let expanded = try GGUFFile(path: plain).metadata
        #expect(expanded["general.file_type"]?.integer == 32)
        #expect(expanded["swage.recipe"] == nil && expanded["swage.types"] == nil)
    }

    @Test func versionAndHelp() async throws {
        let version = try await Swage.run("--version").output.split(separator: "\n")
        #expect(version[0].hasPrefix("swage 0.1.0"))
        #expect(version[1].hasPrefix("compiled for ") && version[2].hasPrefix("this processor has: "))
        #expect(version[3].hasPrefix("OpenBLAS "))
        let help = try await Swage.run("--help")
        #expect(help.status == 0 && help.error.isOnlyWhatWasWritten)
        for command in [
            "convert", "imatrix", "quantize", "perplexity", "report", "generate", "chat", "tokenize", "inspect",
        ] {
            #expect(help.output.contains("  \(command) "))
            let own = try await Swage.run(command, "--help")
            #expect(own.status == 0 && own.output.contains("USAGE: swage \(command)"))
        }
    }
}
