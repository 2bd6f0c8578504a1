import Pipelines

extension ImportanceMatrixCommand: PartedCommand {
    var partSuffix: String { "sums" }

    func parted() throws -> PartedImportance {
        guard model != nil else { throw NotDivisible(problem: "without a model there is nothing to divide") }
        guard hessian == nil else {
            throw NotDivisible(
                problem: "second moments are as large as their file in each part, and have no parts yet",
                advice: "collect them in one run")
        }
        let (model, texts) = try inputs()
        return try PartedImportance(collection, model, texts: texts, progress: work.compute.progress)
    }

    func finish(_ work: PartedImportance, _ parts: CollectedParts, keepsParts: Bool) throws {
        try tell(of: try work.finish(parts, output: output?.path ?? ""))
    }
}
