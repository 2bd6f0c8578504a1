import ArgumentParser
import Foundation

/// Where a report is written: a file of a kind that its ending tells, or a folder that gets one of each.
struct ReportOutput: ExpressibleByArgument {
    enum Kind: String, CaseIterable {
        case html, md, json, csv
    }

    /// The path, of a folder without a slash at its end.
    let path: String
    /// nil for a folder.
    let kind: Kind?
    /// All that is written there, and the path itself, for ``CommandFiles``.
    let outputs: [OutputPath]

    /// Files of a card, which are written beside a report in a folder.
    static let cardNames = ["README.md", "Modelfile", "kl-size.svg"]

    init?(argument: String) {
        kind = Kind.allCases.first { argument.hasSuffix(".\($0.rawValue)") && !argument.hasSuffix("/.\($0.rawValue)") }
        var path = argument[...]
        if kind == nil { while path.count > 1, path.hasSuffix("/") { path.removeLast() } }
        self.path = String(path)
        if kind == nil, !argument.hasSuffix("/"), Self.isOfOtherKind(argument) { return nil }
        let names = kind == nil ? Kind.allCases.map { "report.\($0.rawValue)" } + Self.cardNames : []
        outputs = [OutputPath(argument: self.path)] + names.map { [path] in OutputPath(argument: "\(path)/\($0)") }
    }

    /// Whether a name ends as those of files do, in a few letters behind a dot, and no folder has it.
    private static func isOfOtherKind(_ path: String) -> Bool {
        let name = path.split(separator: "/").last ?? ""
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return false }
        let ending = name[name.index(after: dot)...]
        guard (1...5).contains(ending.count), ending.allSatisfy({ $0.isASCII && $0.isLetter }) else { return false }
        var isFolder = false
        return !(FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder)
    }

    /// The files of the report, with their kinds.
    var files: [(kind: Kind, path: String)] {
        kind.map { [($0, path)] } ?? Kind.allCases.map { ($0, "\(path)/report.\($0.rawValue)") }
    }

    /// The files of a card, which only a folder has.
    var cardPaths: [String] { kind == nil ? Self.cardNames.map { "\(path)/\($0)" } : [] }

    static var defaultCompletionKind: CompletionKind { .file() }
}
