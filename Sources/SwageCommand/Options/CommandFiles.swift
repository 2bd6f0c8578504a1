import ArgumentParser
import Files
import Journals
import Models
import Pipelines

/// What a parsed command reads and writes, found in its options by their types.
struct CommandFiles {
    private(set) var inputs: [String] = []
    private(set) var outputs: [String] = []
    /// Those of the outputs that replace what has their names.
    private(set) var replacedOutputs: [String] = []

    init(of command: any ParsableCommand) { collect(from: command, depth: 0) }

    /// The same with another output.
    func adding(output: String) -> CommandFiles {
        var files = self
        files.outputs.append(output)
        return files
    }

    /// Groups of options are nested, and each option is inside of what parses it.
    private static let depthLimit = 12

    private mutating func collect(from value: Any, depth: Int) {
        switch value {
        case let input as InputPath: inputs.append(input.path)
        case let output as OutputPath:
            outputs.append(output.path)
            replacedOutputs.append(output.path)
        case let output as GrowingPath: outputs.append(output.path)
        case is String, is any BinaryInteger, is any BinaryFloatingPoint: return
        default:
            guard depth < Self.depthLimit else { return }
            for child in Mirror(reflecting: value).children { collect(from: child.value, depth: depth + 1) }
        }
    }

    /// Refuses outputs that would replace an input or one another, whatever names and links lead to them.
    ///
    /// - Throws: `OutputIsInput`, or ``OutputTwice``.
    func check() throws {
        var readers: Set<FileIdentity> = []
        for input in inputs { readers.formUnion(Self.files(readFrom: input).compactMap { FileIdentity(path: $0) }) }
        var written: Set<OutputIdentity> = []
        for output in outputs {
            let names = Self.files(writtenTo: output)
            guard !names.contains(where: { FileIdentity(path: $0).map(readers.contains) == true }) else {
                throw OutputIsInput(path: output)
            }
            guard written.insert(OutputIdentity(path: output)).inserted else { throw OutputTwice(path: output) }
        }
    }

    /// The files that are read where an input is named: itself, the parts of a split model, the files of a checkpoint.
    private static func files(readFrom path: String) -> [String] {
        Model.files(at: path)
    }

    /// The files that come and go where an output is named: itself, and what a run keeps beside it.
    private static func files(writtenTo path: String) -> [String] {
        let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        let beside = (0..<stateCountLimit).map { "\(path).state\($0)" }
        return [
            path, "\(path[..<slash]).\(path[slash...]).partial", "\(path).unfinished", "\(path).rejected",
        ] + beside + Journal.files(of: path)
    }

    /// More models than one run measures.
    private static let stateCountLimit = 64
}

/// What two names of one output have in common.
private enum OutputIdentity: Hashable {
    case file(FileIdentity)
    /// A file that is not there yet, by its folder and its name.
    case name(FileIdentity?, String)

    init(path: String) {
        if let file = FileIdentity(path: path) {
            self = .file(file)
        } else {
            let slash = path.lastIndex(of: "/")
            let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
            let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
            self = .name(FileIdentity(path: folder), name)
        }
    }
}

/// Two results of a command would be written to one file.
struct OutputTwice: DiagnosticError {
    let path: String

    var diagnostic: Diagnostic {
        Diagnostic(.usage, file: path, "two outputs have this name", advice: "give each output a name of its own")
    }
}
