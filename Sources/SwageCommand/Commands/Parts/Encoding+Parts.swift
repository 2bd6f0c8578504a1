import Models
import Parts
import Pipelines

extension Convert: PartedCommand {
    var partSuffix: String { "gguf" }

    func parted() throws -> PartedEncoding {
        try refuseSplit(split, keepsSplit: false)
        return try conversion().parted(
            try reading.open(checkpoint.path, readsWeights: !vocabOnly), progress: ProgressLine.handler)
    }

    func finish(_ work: PartedEncoding, _ parts: CollectedParts, keepsParts: Bool) throws {
        let outcome = try work.finish(
            parts, output: output.path, isSplit: keepsParts, replacesParts: replacing.replacesOutputs)
        try show(outcome, of: work.model)
    }
}

extension Quantize: PartedCommand {
    var partSuffix: String { "gguf" }

    func parted() throws -> PartedEncoding {
        try refuseSplit(split, keepsSplit: keepSplit)
        guard calibrate.isEmpty, budget.count == 0 else {
            throw NotDivisible(
                problem: "weights are fitted to texts layer by layer, which has no parts yet",
                advice: "collect second moments with \(run: .collectHessian), and divide with \(.hessian)")
        }
        let model = try reading.open(model.path)
        let plan = try quantization(of: model).plan(QuantizationInputs(model, guidance: guidance()))
        return try plan.parted(progress: work.compute.progress)
    }

    func finish(_ work: PartedEncoding, _ parts: CollectedParts, keepsParts: Bool) throws {
        let outcome = try work.finish(
            parts, output: output?.path ?? "", isSplit: keepsParts, replacesParts: replacing.replacesOutputs)
        try show(outcome)
        if terminal.json { try JSONOutput.print(WritingSummary(outcome, of: work.model)) }
    }
}

/// Refuses a cut of the model that parts would have to keep.
private func refuseSplit(_ split: SplitOptions, keepsSplit: Bool) throws {
    guard split.limits != nil || keepsSplit else { return }
    throw NotDivisible(
        problem: "the parts of a job are those of the model: it is cut by their number, and by nothing else",
        advice: "leave out the option that cuts the model; swage finish --keep-parts leaves it in parts")
}
