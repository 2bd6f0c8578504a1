import Files
import Foundation
import Models
import Pages
import Pipelines
import Reporting

/// Writes a report as files.
struct ReportDocuments {
    let report: ModelReport
    /// What a card says beside the report; nil for no card.
    var card: CardDetails?
    /// What of a conversation ollama should know, if there is a card.
    var frame: ChatFrame?

    /// Fails if a file could not be written; makes the folder that an output is.
    static func prepare(_ output: ReportOutput, hasCard: Bool) throws {
        if output.kind == nil {
            do {
                try FileManager.default.createDirectory(atPath: output.path, withIntermediateDirectories: true)
            } catch {
                throw FolderFailure(path: output.path, reason: error.localizedDescription)
            }
        }
        let names = hasCard ? ReportOutput.cardNames.map { "\(output.path)/\($0)" } : []
        for path in output.files.map(\.path) + names { try AtomicFile.check(path) }
    }

    func write(to output: ReportOutput) throws {
        for (kind, path) in output.files { try Self.write(bytes(kind), to: path) }
        guard let card, output.kind == nil else { return }
        let documents = ModelCard(report, details: card, frame: frame)
        for (name, text) in zip(ReportOutput.cardNames, [documents.readme, documents.modelfile, documents.chart]) {
            if let text { try Self.write(Array(text.utf8), to: "\(output.path)/\(name)") }
        }
    }

    func bytes(_ kind: ReportOutput.Kind) throws -> [UInt8] {
        switch kind {
        case .html: Array(try report.page().utf8)
        case .md: Array("\(report.markdown.text)\n".utf8)
        case .json: try JSONOutput.bytes(of: report)
        case .csv: Array(report.csv.utf8)
        }
    }

    private static func write(_ bytes: [UInt8], to path: String) throws {
        var file = try AtomicFile(path: path)
        try file.append(bytes)
        try file.commit()
    }
}

/// The folder of a report cannot be made.
struct FolderFailure: DiagnosticError {
    let path: String
    let reason: String

    var diagnostic: Diagnostic {
        Diagnostic(.work, file: path, "the folder cannot be made: \(reason)", advice: "name another folder")
    }
}

extension ChatFrame {
    /// The frame of a model's conversations; nil if it has no template, or one that is not the same in every turn.
    init?(of model: Model) {
        guard let frame = (try? ConversationFormat(model, source: nil))?.frame else { return nil }
        self.init(
            beforeSystem: frame.beforeSystem, afterSystem: frame.afterSystem,
            beforePrompt: frame.beforePrompt, afterPrompt: frame.afterPrompt, afterAnswer: frame.afterAnswer)
    }
}
