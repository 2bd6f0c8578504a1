import Pipelines

/// What `make` is going to do, as its JSON has it.
struct MakingPlan: Encodable {
    let model: String
    let files: [File]
    /// What the files that are not there yet take at most.
    let diskBytes: Int
    /// How long it takes to measure all files beside the original, judged by a sample.
    let measuringSeconds: Double
    let calibrationTexts: [String]
    let measuredTexts: [String]

    struct File: Encodable {
        let name: String
        let path: String
        let maxBytes: Int
        /// nil for limits, which begin with measurements.
        let estimatedSeconds: Double?
        /// Whether an earlier run has completed it.
        let isComplete: Bool

        init(_ file: ModelFolder.PlannedFile) {
            name = file.goal.name
            path = file.path
            maxBytes = file.byteCount
            estimatedSeconds = file.duration.map { $0 / .seconds(1) }
            isComplete = file.isComplete
        }
    }
}
