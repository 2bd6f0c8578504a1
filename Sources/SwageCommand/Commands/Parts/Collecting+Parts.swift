import Parts
import Pipelines

extension ImportanceMatrixCommand: PartedCommand {
    /// Sums of importance divided by windows, or second moments divided by the inputs that they are of.
    enum Work: WrappedWork {
        case sums(PartedImportance)
        case moments(PartedHessian)

        var work: any PartedWork {
            switch self {
            case .sums(let work): work
            case .moments(let work): work
            }
        }
    }

    var partSuffix: String { hessian == nil ? "sums" : "moments" }

    func parted() throws -> Work {
        guard model != nil else { throw NotDivisible(problem: "without a model there is nothing to divide") }
        let (model, texts) = try inputs()
        let progress = work.compute.progress
        guard hessian == nil else {
            return .moments(try PartedHessian(hessianCollection, model, texts: texts, progress: progress))
        }
        return .sums(try PartedImportance(collection, model, texts: texts, progress: progress))
    }

    func finish(_ work: Work, _ parts: CollectedParts, keepsParts: Bool) throws {
        switch work {
        case .sums(let work): try tell(of: try work.finish(parts, output: output?.path ?? ""))
        case .moments(let work):
            try tell(
                of: try work.finish(parts, output: hessian?.path ?? "", importanceOutput: output?.path))
        }
    }
}

extension SensitivityCommand: PartedCommand {
    var partSuffix: String { "probes" }

    func parted() throws -> PartedSensitivity { PartedSensitivity(try probing(), try reading.open(model.path)) }

    func finish(_ work: PartedSensitivity, _ parts: CollectedParts, keepsParts: Bool) throws {
        try tell(of: try work.finish(parts, output: output.path))
    }
}
