import FoundationEssentials

/// Checks of where results go.
enum OutputPath {
    /// Refuses to write over what is being read.
    static func refuse(_ outputs: [String], whereInputsAre inputs: [String]) throws {
        let taken = Set(inputs.map(resolved))
        for output in outputs where taken.contains(resolved(output)) {
            throw PipelineError(.outputIsInput, file: output)
        }
    }

    private static func resolved(_ path: String) -> String { URL(filePath: path).resolvingSymlinksInPath().path }
}
