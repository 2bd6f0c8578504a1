import Journals
import Models
import Parts
import Pipelines

extension Convert: PartedCommand {
    var partSuffix: String { "gguf" }

    func parted() throws -> PartedEncoding {
        try conversion().parted(
            try reading.open(checkpoint.path, readsWeights: !vocabOnly), progress: ProgressLine.handler)
    }

    func finish(_ work: PartedEncoding, _ parts: CollectedParts, keepsParts: Bool) throws {
        try show(
            try work.finish(parts, output.path, keepsParts: keepsParts, replacing.replacesOutputs), of: work.model)
    }
}

extension Quantize: PartedCommand {
    /// The writing of a model divided by tensors, or the fitting of its weights divided by experts.
    enum Work: WrappedWork {
        case tensors(PartedEncoding)
        case experts(PartedCalibration)

        var work: any PartedWork {
            switch self {
            case .tensors(let work): work
            case .experts(let work): work
            }
        }

        var model: Model {
            switch self {
            case .tensors(let work): work.model
            case .experts(let work): work.model
            }
        }
    }

    var partSuffix: String { calibrate.isEmpty ? "gguf" : "layers" }

    func parted() throws -> Work {
        if !calibrate.isEmpty, split.limits != nil || keepSplit {
            throw NotDivisible(
                problem: "parts of weights that are fitted to texts are joined to one file",
                advice: "leave out the option that cuts the model; swage split cuts the file")
        }
        guard budget.count == 0 || calibrate.isEmpty else {
            throw NotDivisible(
                problem: "a budget that is measured on texts has no parts",
                advice: "let a single run choose the types, and divide with the recipe that it shows")
        }
        let model = try reading.open(model.path)
        let plan = try quantization(of: model).plan(QuantizationInputs(model, guidance: guidance()))
        if calibrate.isEmpty { return .tensors(try plan.parted(progress: work.compute.progress)) }
        guard model.plan.experts != nil else {
            throw NotDivisible(
                problem:
                    "weights of a dense model are fitted to texts one after the other: the parts would be its experts",
                advice: "collect second moments with \(run: .collectHessian), and divide with \(.hessian)")
        }
        return .experts(PartedCalibration(plan, progress: work.compute.progress))
    }

    func finish(_ work: Work, _ parts: CollectedParts, keepsParts: Bool) throws {
        let path = output?.path ?? ""
        let outcome: Conversion.Outcome
        switch work {
        case .tensors(let work):
            outcome = try work.finish(parts, path, keepsParts: keepsParts, replacing.replacesOutputs)
        case .experts(let work):
            guard !keepsParts else {
                throw NotDivisible(
                    problem: "parts of weights that are fitted to texts are experts, and no files of a model")
            }
            outcome = try work.finish(parts, output: path)
        }
        try show(outcome)
        if terminal.json { try JSONOutput.print(WritingSummary(outcome, of: work.model)) }
    }
}

extension PartedEncoding {
    /// - Parameter keepsParts: Whether the model is left in as many files as there are parts.
    /// - Throws: ``NotDivisible`` if the job cuts the model in another way.
    fileprivate func finish(
        _ parts: CollectedParts, _ output: String, keepsParts: Bool, _ replacesParts: Bool
    ) throws -> Conversion.Outcome {
        guard !keepsParts || !isSplit else {
            throw NotDivisible(
                problem: "the job says itself how the model is cut into files, which are other ones than the parts",
                advice: "leave out --keep-parts")
        }
        return try finish(parts, output: output, keepsParts: keepsParts, replacesParts: replacesParts)
    }
}
