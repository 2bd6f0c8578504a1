import BlockFormats
import Evaluation
import Foundation
import Pipelines
import Recipes

/// Quantizes models by Swage and by llama-quantize, with the same mix, importance and size, and measures both files' KL
/// divergence from the original in one run.
///
/// QualityTable --llama FOLDER --work FOLDER --model CHECKPOINT… --calibration FILE… --own FILE… --general FILE…
///     [--types TYPE…] [--chunks N] [--variants WEIGHT:GAIN…] [--ours-only]
///
/// FOLDER holds llama-quantize. Files that are already in the work folder are used again, except Swage's. `own` texts are of the
/// models' own domain, `general` ones of another; N windows of each are measured. Variants such as `fourthRoot:1` are
/// encoding policies to try in place of the default one of each mix's main type. A type may be a mix with overrides, such as
/// `Q8_0/exps=NVFP4`. Prints one Markdown row per model and type.
@main
struct QualityTable {
    static func main() {
        do {
            try run()
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            exit(1)
        }
    }

    private static func run() throws {
        let options = try Options(CommandLine.arguments.dropFirst())
        try FileManager.default.createDirectory(atPath: options.work, withIntermediateDirectories: true)
        print(Row.header)
        var logRatios: [String: [Double]] = [:]
        for checkpoint in options.models {
            let subject = try Subject(checkpoint: checkpoint, options: options)
            for row in try subject.rows() {
                print(row.markdown)
                logRatios[row.type, default: []] += row.logRatios
            }
        }
        for (type, ratios) in logRatios.sorted(by: { $0.key < $1.key }) where !ratios.isEmpty {
            let mean = exp(ratios.reduce(0, +) / Double(ratios.count))
            print("\(type): geometric mean \(Row.figure(mean, 3)), worst \(Row.figure(exp(ratios.max()!), 3))")
        }
    }
}
