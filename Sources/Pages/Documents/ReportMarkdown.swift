import Reporting

extension ModelReport {
    /// The report as Markdown that also reads well as plain text.
    package var markdown: DisplayText {
        let tables = ReportTables(self)
        let all = tables.texts + [tables.tasks, tables.weights].compactMap { $0 } + [tables.models, tables.files]
        return all.map(\.table.markdown).joined(separator: "\n\n") + "\n\n" + Markdown.list(notes)
    }

    /// What the figures are of, a sentence each.
    var notes: [String] {
        let groups = groups.map { "\($0.name): mean of \($0.texts.joined(separator: ", "))" }
        let texts = texts.map { "\($0.name): \($0.bytes) bytes, SHA-256 \($0.sha256.prefix(16))…" }
        return [
            "swage \(version)\(precisionNote), OpenBLAS \(core); windows of \(context) tokens, the second half scored; ± standard error; the best of a row is bold"
        ] + groups + texts
    }
}
