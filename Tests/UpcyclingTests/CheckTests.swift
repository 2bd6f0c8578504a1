import Evaluation
import Files
import Foundation
import Models
import Pipelines
import TestSupport
import Testing
import Upcycling

/// The comparison of a result with the dense model.
@Suite struct CheckTests {
    private static let text = EvaluationText(name: "text", bytes: Array("a ab abc of experts, and what they know".utf8))

    @Test func findsWhatDiffers() throws {
        try DenseModel.xverse.withCheckpoint { checkpoint, output in
            let shape = Shape(8, 4, granularity: 4)
            let plan = try upcycle(checkpoint, to: output, shape.options())
            let check = UpcyclingCheck(cut: WindowCut(context: 16))
            let same = try check.run(plan, path: output, texts: [Self.text])
            #expect(same.areSame && same.texts.count == 1)
            #expect(same.texts[0].dense > 1 && same.texts[0].divergence.magnitude < UpcyclingCheck.tolerance)
            let card = try String(contentsOfFile: output + "/README.md", encoding: .utf8)
            #expect(card.contains("| text | "))
            // Weights of other experts in the place of these.
            try upcycle(checkpoint, to: output + "-other", shape.options(perturbation: .noise(0.01)))
            let weights = "/model.safetensors"
            try FileManager.default.removeItem(atPath: output + weights)
            try FileManager.default.copyItem(atPath: output + "-other" + weights, toPath: output + weights)
            let other = try check.run(plan, path: output, texts: [Self.text])
            #expect(!other.areSame && other.texts[0].divergence > UpcyclingCheck.tolerance)
        }
    }

    @Test func aDifferenceIsAFailedCheck() {
        let diagnostic = UpcyclingDiffers(path: "moe", divergence: 0.1).diagnostic
        #expect(diagnostic.fault == .check && diagnostic.file == "moe" && diagnostic.problem.contains("0.1 nats"))
    }
}
