import Foundation
import GGUF
import Models
import TestSupport
import Testing

/// What `inspect --json` prints, as far as tests ask.
struct Inspection: Decodable {
    struct Tensor: Decodable {
        let name: String
        let shape: [Int]
        let type: String
        let bytes: Int
    }

    let format: String
    let files: [String]
    let fileBytes: Int
    let elements: Int
    let types: [String: Int]
    let tensors: [Tensor]?
}

/// What `perplexity --json` prints, as far as tests ask.
struct PerplexityReport: Decodable {
    struct Estimate: Decodable {
        let value: Double
        let standardError: Double
    }

    struct Losses: Decodable {
        let perToken: Estimate
        let perCharacter: Estimate
        let perByte: Estimate
    }

    struct Divergence: Decodable {
        let mean: Estimate
        let quantiles: [String: Double]
        let perplexityLogRatio: Estimate
        let perplexityRatio: Estimate
        let perplexityDifference: Estimate
        let correlation: Double
        let probabilityChange: Estimate
        let probabilityChangeQuantiles: [String: Double]
        let probabilityChangeRMS: Estimate
        let topAgreement: Estimate
    }

    struct Text: Decodable {
        let name: String
        let perplexity: Double
        let standardError: Double
        let nats: Losses
        let tokens: Int
        let windows: Int
        let divergence: Divergence?
    }

    let reference: String?
    let context: Int
    /// OpenBLAS's kernels.
    let core: String
    let texts: [Text]
}

/// What `generate --json` prints.
struct GenerationReport: Decodable {
    struct Candidate: Decodable {
        let token: Int
        let logProbability: Double
    }

    let prompt: [Int]
    let tokens: [Int]
    let text: String
    let logProbabilities: [Double]
    let topLogProbabilities: [[Candidate]]?
    let finish: String
    let seed: UInt64?
}

/// `reference.json` of the bundled model, made with PyTorch.
struct Reference: Decodable {
    struct Perplexity: Decodable {
        let firstChunks: [Double]
        private enum CodingKeys: String, CodingKey { case firstChunks = "first_chunks_mean_nll" }
    }

    struct Continuation: Decodable {
        let prompt: String
        let promptIDs: [Int]
        let generatedIDs: [Int]
        let text: String
        private enum CodingKeys: String, CodingKey {
            case prompt
            case promptIDs = "prompt_ids"
            case generatedIDs = "generated_ids"
            case text = "generated_text"
        }
    }

    let perplexity: [String: Perplexity]
    let continuations: [Continuation]
    private enum CodingKeys: String, CodingKey {
        case perplexity
        case continuations = "greedy_generation"
    }

    static func load() throws -> Reference {
        try JSONDecoder().decode(Reference.self, from: Data(path: Products.checkpoint + "/reference.json"))
    }
}

extension Swage.Outcome {
    /// The results as the one JSON object that they have to be.
    func json<T: Decodable>(_ type: T.Type) throws -> T {
        try JSONDecoder().decode(type, from: Data(output.utf8))
    }
}

/// Expects the same figures, to the last bit, of two runs that have cut their work into different batches.
func expectSameFigures(
    _ first: Swage.Outcome, _ second: Swage.Outcome, _ comment: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(first.status == 0 && second.status == 0, "\(first.error)\(second.error)", sourceLocation: sourceLocation)
    #expect(first.output == second.output, comment, sourceLocation: sourceLocation)
}

/// The encoded bytes of every tensor of a GGUF file.
func tensorBytes(_ path: String) throws -> [String: [UInt8]] {
    let file = try GGUFFile(path: path)
    var result: [String: [UInt8]] = [:]
    for (index, tensor) in file.tensors.enumerated() {
        result[tensor.name] = try [UInt8](unsafeUninitializedCapacity: tensor.byteCount) { buffer, count in
            try file.readRows(
                ofTensorAt: index, rows: 0..<tensor.shape.rowCount, into: UnsafeMutableRawBufferPointer(buffer))
            count = tensor.byteCount
        }
    }
    return result
}
