import Files
import GGUF
import Pages
import Recipes

/// How a file was made, by what it keeps of that: in facts, and in the commands that make it again.
struct Making {
    private let metadata: GGUFMetadata
    private let recipe: Recipe?

    init(_ metadata: GGUFMetadata, recipe: Recipe?) {
        self.metadata = metadata
        self.recipe = recipe
    }

    // MARK: Facts

    var steps: [ModelFacts.Step] {
        var steps: [ModelFacts.Step] = []
        func add(_ name: String, _ value: String?) {
            if let value, !value.isEmpty { steps.append(.init(name: name, value: value)) }
        }
        add("Swage", metadata.string("swage.version"))
        add("weights of the checkpoint, SHA-256", metadata.string("swage.source.weights.sha256"))
        add("recipe", recipe.map(Self.sentence))
        add("importance matrix", metadata.string("quantize.imatrix.file").map { $0 + importance })
        add("calibration texts", calibrationTexts.isEmpty ? nil : calibrationTexts.joined(separator: ", "))
        add("tokens of a calibration window", metadata.integer("swage.calibration.context").map(String.init))
        add("calibration windows", metadata.integer("swage.calibration.windows").map(String.init))
        add("second moments", metadata.string("swage.calibration.hessian"))
        for line in metadata.strings("swage.inputs") ?? [] {
            let parts = line.description.split(separator: " ", maxSplits: 2).map(String.init)
            if parts.count == 3 { add("input, \(parts[0])", "\(parts[2]), SHA-256 \(parts[1])") }
        }
        for line in metadata.strings("swage.options") ?? [] {
            let parts = line.description.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2 { add("option \(parts[0])", parts[1]) }
        }
        return steps
    }

    /// The lines of a recipe as one: the base, then the rules.
    private static func sentence(_ recipe: Recipe) -> String {
        let lines = recipe.lines.map { $0.drop { $0 == " " } }
        return (lines.prefix(1) + [lines.dropFirst().joined(separator: "; ")[...]]).joined(separator: " ")
    }

    /// What the matrix was collected from.
    private var importance: String {
        let texts = metadata.string("quantize.imatrix.dataset").map { " of \($0)" } ?? ""
        let windows = metadata.integer("quantize.imatrix.chunks_count").map { ", \($0) windows" } ?? ""
        return texts + windows
    }

    private var calibrationTexts: [String] { (metadata.strings("swage.calibration.texts") ?? []).map(\.description) }

    // MARK: Commands

    /// The checkpoint's folder in commands.
    private static let checkpoint = "CHECKPOINT"

    /// - Parameter name: The name of the file.
    func commands(for name: String) -> [String] {
        guard metadata.string("swage.version") != nil else { return [] }
        guard let recipe else { return [Self.line(["swage", "convert", Self.checkpoint, "-o", name])] }
        var commands: [String] = []
        var words = ["swage", "quantize", Self.checkpoint, "-o", name]
        let isNamed = (try? Recipe(named: recipe.name)) == recipe
        // A file that was made by a recipe of its own is read as one.
        words += isNamed ? ["--type", recipe.name] : ["--recipe", name]
        if let matrix = metadata.string("quantize.imatrix.file") {
            let texts = (metadata.string("quantize.imatrix.dataset") ?? "").split(separator: ", ").map(String.init)
            commands.append(
                Self.line(
                    ["swage", "imatrix", Self.checkpoint, "-o", matrix, "--text"] + (texts.isEmpty ? ["TEXT"] : texts)))
            words += ["--imatrix", matrix]
        }
        let context = metadata.integer("swage.calibration.context").map(String.init)
        if let moments = metadata.string("swage.calibration.hessian") {
            commands.append(
                Self.line(
                    ["swage", "imatrix", Self.checkpoint, "--hessian", moments]
                        + (context.map { ["--context", $0] } ?? []) + ["--text"] + calibrationTexts))
            words += ["--hessian", moments]
        } else if !calibrationTexts.isEmpty {
            words += ["--calibrate"] + calibrationTexts + (context.map { ["--calibration-context", $0] } ?? [])
        }
        return commands + [Self.line(words)]
    }

    /// Words of a shell: those that are more than letters stand in quotes.
    private static func line(_ words: [String]) -> String {
        words.map { word in
            let isPlain =
                !word.isEmpty
                && word.utf8.allSatisfy { byte in
                    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                        || "-_./:=+,@".utf8.contains(byte)
                }
            return isPlain
                ? word : "'\(word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''"))'"
        }.joined(separator: " ")
    }
}
