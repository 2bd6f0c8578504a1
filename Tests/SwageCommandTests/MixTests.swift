import Foundation
import Models
import TestSupport
import Testing

/// Types and sizes against `llama-quantize`; `Tests/Generators/quantized_types.py` wrote what it made of the same file.
@Suite struct MixTests {
    private struct Golden: Decodable {
        struct Mix: Decodable {
            let bytes: Int
            let types: [String: String]
        }
        let padded: [String: Mix]
        let unpadded: [String: Mix]
    }

    @Test(arguments: [
        ("Q4_K_M", true), ("IQ2_XXS", true), ("IQ1_S", true), ("Q4_K_M", false), ("IQ2_XXS", false), ("IQ1_S", false),
    ])
    func typesAndSizes(type: String, isPadded: Bool) async throws {
        let golden = try JSONDecoder().decode(
            Golden.self, from: Data(path: Fixtures.path("golden/quantized_types.json")))
        let expected = try #require((isPadded ? golden.padded : golden.unpadded)[type])
        let workspace = try Workspace()
        let model = isPadded ? try await Products.original.value : try await Products.unpadded.value
        var importance = try await Products.importance.value
        if !isPadded {
            importance = workspace.file("importance.gguf")
            try await Swage.run(
                ["imatrix", model, "-o", importance, "--context", "64", "--chunks", "2", "--text"] + Products.texts)
        }
        let output = workspace.file("out.gguf")
        let outcome = try await Swage.run("quantize", model, "-o", output, "--type", type, "--imatrix", importance)
        #expect(outcome.status == 0, "\(outcome.error)")
        let inspection = try await Swage.run("inspect", output, "--tensors", "--json").json(Inspection.self)
        let tensors = try #require(inspection.tensors)
        #expect(Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.type) }) == expected.types)
        #expect(tensors.reduce(0) { $0 + $1.bytes } == expected.bytes)
    }
}
