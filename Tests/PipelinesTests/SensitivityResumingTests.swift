import Calibration
import Evaluation
import Foundation
import Models
import Parallelism
import Pipelines
import Recipes
import Synchronization
import TestSupport
import Testing

/// What a budget's measurement of sensitivity has come to is found again by the next run.
@Suite struct SensitivityResumingTests {
    /// What is said while types are measured.
    private final class Notes: Sendable {
        private let list = Mutex<[String]>([])

        func append(_ event: ProgressEvent) {
            if case .note(let message) = event { list.withLock { $0.append(message.description) } }
        }

        var all: [String] { list.withLock { $0 } }
    }

    private func texts() throws -> CalibrationTexts {
        CalibrationTexts(
            [try EvaluationText(contentsOf: Fixtures.path("text/calib/web-zh.txt"))],
            cut: WindowCut(context: 64, windowLimit: 3), heldOutCount: 1)
    }

    private func plan(
        _ output: String, _ model: Model, isRestarting: Bool = false
    ) throws -> (budgeted: BudgetedQuantization, predicted: Double, notes: [String]) {
        let notes = Notes()
        let compute = Compute(progress: notes.append)
        var budgeted = BudgetedQuantization(
            Quantization(recipe: try Recipe(named: "F16"), parallel: Parallel()), budget: Budget(.bitsPerWeight(4)),
            compute: compute)
        budgeted.output = output
        budgeted.isRestarting = isRestarting
        let inputs = try QuantizationInputs(model, guidance: .texts(TextFitting(texts())))
        return (budgeted, try budgeted.plan(inputs).predicted, notes.all)
    }

    @Test func aBudgetGoesOn() throws {
        try Fixtures.withTemporaryDirectory { folder in
            let model = try Model.open(ShallowCheckpoint.path())
            let output = folder + "/out.gguf"
            let work = output + ".sensitivity.work"
            let first = try plan(output, model)
            #expect(first.notes.isEmpty)
            #expect(FileManager.default.fileExists(atPath: work))
            let second = try plan(output, model)
            #expect(
                second.notes == ["going on after the samples of all layers", "going on after the probes of all groups"])
            #expect(second.predicted == first.predicted)
            // What is damaged is measured again.
            try Data("damaged".utf8).write(to: URL(filePath: work + "/divergences.record"))
            let third = try plan(output, model)
            #expect(third.notes == ["going on after the samples of all layers"])
            #expect(third.predicted == first.predicted)
            let anew = try plan(output, model, isRestarting: true)
            #expect(anew.notes.isEmpty && anew.predicted == first.predicted)
            try anew.budgeted.removeWork()
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }
}
