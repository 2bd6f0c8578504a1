import Parts
import Pipelines

extension PerplexityCommand: PartedCommand {
    /// The measurement, and what its results are shown with.
    struct Work: WrappedWork {
        let inputs: PerplexityCommand.Inputs
        let measurement: PartedMeasurement

        var work: any PartedWork { measurement }
    }

    var partSuffix: String { saveBaseLogits == nil ? "scores" : "predictions" }

    func parted() throws -> Work {
        guard let model else {
            throw NotDivisible(problem: "adding up files of scores is no work that has parts")
        }
        let inputs = try inputs(model.path)
        return Work(
            inputs: inputs,
            measurement: try PartedMeasurement(
                inputs.measurement, [inputs.model], reference: inputs.reference, texts: inputs.texts))
    }

    func finish(_ work: Work, _ parts: CollectedParts, keepsParts: Bool) throws {
        try show(try work.measurement.finish(parts, output: saveScores?.path), of: work.inputs)
    }
}

extension Report: PartedCommand {
    /// The measurement, and what its report is made with.
    struct Work: WrappedWork {
        let inputs: Report.Inputs
        let comparison: PartedComparison

        var work: any PartedWork { comparison }
    }

    var partSuffix: String { "scores" }

    func parted() throws -> Work {
        let inputs = try inputs()
        return Work(
            inputs: inputs,
            comparison: try PartedComparison(
                inputs.making.comparison, ReportMaking.called(inputs.models), texts: inputs.texts))
    }

    func finish(_ work: Work, _ parts: CollectedParts, keepsParts: Bool) throws {
        if let output { try ReportDocuments.prepare(output, hasCard: card) }
        try work.comparison.finish(parts) { results in
            let models = ReportMaking.called(work.inputs.models)
            try show(try work.inputs.making.report(results, of: models, work.inputs.texts), of: work.inputs)
        }
    }
}
