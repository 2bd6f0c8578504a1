import Checkpoints
import Files
import Runtime
import TestSupport
import Testing

/// Against PyTorch in float32.
@Suite struct ForwardPassTests {
    @Test(arguments: ReferenceModel.all, ["en", "zh"])
    func hiddenStatesAndLogitsAreTheReference(model: ReferenceModel, language: String) throws {
        let pass = try model.forwardPass()
        let prompt = try model.prompt(language)
        let hidden = try pass.run([prompt]) { layer, hidden in
            let name = layer < 0 ? "embed" : "\(layer)"
            let expected = try model.rows("\(language).hidden.\(name)")
            for (row, values) in expected.enumerated() {
                #expect(relativeDistance(hidden.values(ofRow: row), values) < 1e-3, "layer \(layer), token \(row)")
            }
        }
        let normed = try model.rows("\(language).hidden.final_norm")
        let states = try pass.finalStates(of: Array(normed.indices), in: hidden)
        for (row, values) in normed.enumerated() {
            #expect(relativeDistance(states.values(ofRow: row), values) < 1e-3)
        }
        let expected = try model.rows("\(language).logits")
        let logits = try ReferenceModel.logits(pass, prompt)
        let worst = zip(logits, expected).map { largestDifference($0, $1) }.max()!
        #expect(worst < 2e-3, "worst logit difference \(worst)")
    }

    @Test(arguments: ReferenceModel.all)
    func paddingChangesNothing(model: ReferenceModel) throws {
        let prompt = try model.prompt("en")
        let padded = try ReferenceModel.logits(model.forwardPass(.on), prompt)
        let plain = try ReferenceModel.logits(model.forwardPass(.off), prompt)
        #expect(zip(padded, plain).map { largestDifference($0, $1) }.max()! < 1e-5)
    }

    @Test func threadsChangeNothing() throws {
        let prompt = try ReferenceModel.xverseMoE.prompt("zh")
        let one = try ReferenceModel.logits(ReferenceModel.xverseMoE.forwardPass(threads: 1), prompt)
        let three = try ReferenceModel.logits(ReferenceModel.xverseMoE.forwardPass(threads: 3), prompt)
        #expect(one == three)
    }

    @Test func refusesTokensOutsideTheVocabulary() throws {
        let pass = try ReferenceModel.xverseMoE.forwardPass()
        let error = #expect(throws: ErrorInFile.self) { try pass.run([[1, 4096]]) }
        #expect(error?.underlying as? RuntimeError == RuntimeError(.tokenOutOfRange(id: 4096, vocabularySize: 4096)))
        #expect(error?.path == Fixtures.path("models/xverse-moe-tiny"))
    }
}

/// |a − b| / |b|.
func relativeDistance(_ a: [Float], _ b: [Float]) -> Double {
    let difference = zip(a, b).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
    let norm = b.reduce(0.0) { $0 + Double($1) * Double($1) }
    return (difference / norm).squareRoot()
}

func largestDifference(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).map { abs($0 - $1) }.max()! }
