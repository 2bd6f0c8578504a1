import Evaluation
import Foundation

/// Encodes models with error feedback under several policies and measures their KL divergence from the original beside that
/// of llama-quantize's files of the same mix, size and calibration texts.
///
/// CalibrationTable --llama FOLDER --work FOLDER --model CHECKPOINT… --calibration FILE… --own FILE… --general FILE…
///     --types TYPE… [--variants SETTINGS…] [--chunks N] [--calibration-chunks N]
///
/// FOLDER holds llama-quantize. The work folder keeps the originals, importance matrices and llama-quantize's files. Settings
/// are those of ``Variant``. Prints the ratios per model, type and variant, and their geometric means.
@main
struct CalibrationTable {
    static func main() {
        do {
            let arguments = Array(CommandLine.arguments.dropFirst())
            if arguments.first == "--speed" { try Speed.run(Array(arguments.dropFirst())) } else { try run(arguments) }
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            exit(1)
        }
    }

    /// Prints a line at once, also into a file.
    private static func say(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }

    private static func run(_ arguments: [String]) throws {
        let options = try Options(arguments)
        try FileManager.default.createDirectory(atPath: options.work, withIntermediateDirectories: true)
        var ratios: [String: [Double]] = [:]
        var order: [String] = []
        say("| model | type | settings | KL ÷ llama.cpp's: own | general | KL own | llama.cpp | general | llama.cpp |")
        say("|---|---|---|--:|--:|--:|--:|--:|--:|")
        for checkpoint in options.models {
            let subject = try Subject(checkpoint: checkpoint, options: options)
            for type in options.types {
                for row in try subject.rows(type: type) {
                    say(row.markdown)
                    let key = "\(row.type) \(row.variant)"
                    if ratios[key] == nil { order.append(key) }
                    ratios[key, default: []] += row.ratios
                }
            }
        }
        for key in order {
            let logs = ratios[key]!.map { log($0) }
            say(
                String(
                    format: "%@: geometric mean %.3f, worst %.3f", key, exp(logs.reduce(0, +) / Double(logs.count)),
                    ratios[key]!.max()!))
        }
    }
}

/// What one variant costs.
struct Row {
    let model: String
    let type: String
    let variant: String
    /// Own domain, general.
    let divergences: [Double]
    let peer: [Double]

    var ratios: [Double] { zip(divergences, peer).map { $0 / $1 } }

    var markdown: String {
        String(
            format: "| %@ | %@ | %@ | %.3f | %.3f | %.5f | %.5f | %.5f | %.5f |", model, type, variant, ratios[0],
            ratios[1], divergences[0], peer[0], divergences[1], peer[1])
    }
}
