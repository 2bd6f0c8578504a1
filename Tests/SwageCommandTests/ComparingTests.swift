import Foundation
import TestSupport
import Testing

/// Quantized models beside their originals: divergences and weight errors.
@Suite struct ComparingTests {
    private struct Measured: Decodable {
        struct Estimate: Decodable {
            let value: Double
            let standardError: Double
        }
        struct Divergence: Decodable {
            let mean: Estimate
            let quantiles: [String: Double]
            let perplexityRatio: Estimate
            let topAgreement: Estimate
        }
        struct Text: Decodable {
            let perplexity: Double
            let divergence: Divergence?
        }
        let reference: String?
        let texts: [Text]
    }

    private static let text = Fixtures.path("text/eval/web-en.txt")

    private func measure(_ model: String, _ arguments: String...) async throws -> Measured.Text {
        let outcome = try await Swage.run(
            ["perplexity", model, "--json", "--context", "128", "--chunks", "2", "--text", Self.text] + arguments)
        try #require(outcome.status == 0, "\(outcome.error)")
        return try #require(try outcome.json(Measured.self).texts.first)
    }

    @Test func divergenceOfAQuantizedModel() async throws {
        let (original, quantized) = (try await Products.original.value, try await Products.quantized.value)
        let alone = try await (measure(original), measure(quantized))
        let result = try await measure(quantized, "--reference", original)
        #expect(result.perplexity == alone.1.perplexity)
        let divergence = try #require(result.divergence)
        #expect(abs(divergence.perplexityRatio.value - alone.1.perplexity / alone.0.perplexity) < 1e-9)
        #expect(divergence.mean.value > 1e-5 && divergence.mean.value < 0.02)
        #expect(divergence.topAgreement.value > 0.9)
        #expect(divergence.quantiles["0"]! <= divergence.quantiles["0.5"]!)
    }

    @Test func aModelBesideItself() async throws {
        let result = try await measure(try await Products.float32.value, "--reference", Products.checkpoint)
        let divergence = try #require(result.divergence)
        #expect(divergence.mean.value == 0 && divergence.perplexityRatio.value == 1)
        #expect(divergence.topAgreement.value == 1)
    }

    @Test func aReferenceWithOtherTokens() async throws {
        let other = Fixtures.path("models/apus-xdan-tiny")
        let outcome = try await Swage.run(
            "perplexity", try await Products.original.value, "--reference", other, "--text", Self.text)
        #expect(outcome.status == 3)
        #expect(outcome.error.contains("its tokens are not those of the reference \(other)"))
    }

    private struct Weights: Decodable {
        struct Entry: Decodable {
            let elements: Int
            let relativeRMSE: Double
            let importanceWeightedRMSE: Double?
            let cosine: Double
            let gain: Double
            let signalToNoise: Double?
        }
        struct Tensor: Decodable {
            let name: String
            let type: String
            let shape: [Int]
            let padding: Float
            let error: Entry
            let experts: [Entry]?
        }
        let tensors: [Tensor]
    }

    private func compare(_ original: String, _ quantized: String, _ arguments: String...) async throws -> Weights {
        let outcome = try await Swage.run(["compare", original, quantized, "--json"] + arguments)
        try #require(outcome.status == 0, "\(outcome.error)")
        return try outcome.json(Weights.self)
    }

    /// bf16 keeps what the checkpoint says; experts of 224 are padded to 256, and not in the checkpoint.
    @Test func anExactCopyHasNoError() async throws {
        let tensors = try await compare(Products.checkpoint, try await Products.original.value).tensors
        #expect(tensors.count == 55)
        #expect(tensors.allSatisfy { $0.error.relativeRMSE == 0 && $0.error.signalToNoise == nil && $0.padding == 0 })
        let down = try #require(tensors.first { $0.name == "blk.0.ffn_down_exps.weight" })
        #expect(down.shape == [256, 256, 16] && down.error.elements == 224 * 256 * 16)
        #expect(down.experts?.count == 16)
    }

    /// Q4_K's error on ordinary weights is about 7 %; llama-quantize's on this model is from 0.068 to 0.078.
    @Test func errorsOfAQuantizedModel() async throws {
        let tensors = try await compare(
            Products.checkpoint, try await Products.quantized.value, "--imatrix", try await Products.importance.value
        ).tensors
        let gate = try #require(tensors.first { $0.name == "blk.0.ffn_gate_exps.weight" })
        #expect(gate.type == "Q4_K" && gate.error.relativeRMSE > 0.05 && gate.error.relativeRMSE < 0.09)
        #expect(abs(gate.error.gain - 1) < 0.02 && gate.error.cosine > 0.99)
        let decibels = -20 * log10(gate.error.relativeRMSE)
        #expect(abs(try #require(gate.error.signalToNoise) - decibels) < 1e-9)
        #expect(gate.error.importanceWeightedRMSE != nil)
        let experts = try #require(gate.experts)
        #expect(experts.reduce(0) { $0 + $1.elements } == gate.error.elements)
        #expect(tensors.first { $0.name == "output_norm.weight" }?.error.relativeRMSE == 0)
    }

    @Test func theWorstComeFirst() async throws {
        let outcome = try await Swage.run(
            "compare", Products.checkpoint, try await Products.quantized.value, "--experts", "--limit", "5",
            "--histogram")
        #expect(outcome.status == 0 && outcome.error.isEmpty)
        let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
        let errors = lines[2..<7].compactMap { line in
            line.split(separator: " ").dropFirst(line.contains("[") ? 3 : 2).first.flatMap { Double($0) }
        }
        #expect(errors.count == 5 && errors == errors.sorted(by: >))
        #expect(lines[7].isEmpty)
        #expect(outcome.output.contains("everything") && outcome.output.contains("below 2^-10"))
    }

    @Test func aBoundThatDoesNotHold() async throws {
        let quantized = try await Products.quantized.value
        let outcome = try await Swage.run("compare", Products.checkpoint, quantized, "--max-rmse", "0.01")
        #expect(outcome.status == 5)
        #expect(outcome.error.contains("relative RMSE 0.") && outcome.error.contains("is above 0.01"))
        #expect(outcome.output.contains("everything"), "the tables are printed all the same")
        let held = try await Swage.run("compare", Products.checkpoint, quantized, "--max-rmse", "0.5")
        #expect(held.status == 0)
    }

    @Test func anotherModel() async throws {
        let outcome = try await Swage.run(
            "compare", Fixtures.path("models/apus-xdan-tiny"), try await Products.quantized.value)
        #expect(outcome.status == 3)
        #expect(outcome.error.contains("compare a file with the model that it was made from"))
    }
}
