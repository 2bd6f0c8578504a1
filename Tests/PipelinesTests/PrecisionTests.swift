import Calibration
import Evaluation
import Importance
import Models
import Parallelism
import Pipelines
import Runtime
import TestSupport
import Testing

/// What fast precision costs, within the bounds that the handbook states.
@Suite struct PrecisionTests {
    @Test(arguments: ReferenceModel.all)
    func perplexityChangesLittle(reference: ReferenceModel) throws {
        let text = try EvaluationText(contentsOf: Fixtures.path("text/eval/web-en.txt"))
        let model = try Model.open(reference.path)
        func perplexity(_ precision: Precision) throws -> Double {
            let measurement = Measurement(
                cut: WindowCut(windowLimit: 8), compute: Compute(precision: precision))
            return try measurement.run([model], texts: [text]).models[0][0].perplexity.mean
        }
        #expect(abs(try perplexity(.fast) / perplexity(.reference) - 1) < 2e-3)
    }

    /// By tensor, the sums of all experts and columns together.
    @Test(arguments: ReferenceModel.all)
    func importanceChangesLittle(reference: ReferenceModel) throws {
        let text = try EvaluationText(contentsOf: Fixtures.path("text/calib/web-en.txt"))
        let model = try Model.open(reference.path)
        func matrix(_ precision: Precision) throws -> ImportanceMatrix {
            try ActivationCollection(cut: WindowCut(windowLimit: 8)).importance(
                model.forwardPass(Parallel(), precision: precision), tokenizer: model.tokenizer, texts: [text])
        }
        let (plain, fast) = (try matrix(.reference), try matrix(.fast))
        #expect(Set(plain.entries.keys) == Set(fast.entries.keys))
        for (name, entry) in plain.entries {
            let other = try #require(fast.entries[name])
            let difference = zip(entry.sums, other.sums).reduce(0.0) { $0 + Double(abs($1.0 - $1.1)) }
            let total = entry.sums.reduce(0.0) { $0 + Double($1) }
            #expect(difference <= 0.01 * total, "\(name): \(difference / total)")
        }
    }
}
