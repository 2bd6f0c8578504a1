/// Text in rows and columns.
public struct Table: Sendable {
    public enum Alignment: Sendable {
        case left, right
    }

    public struct Column: Sendable {
        public let title: String
        public let alignment: Alignment

        public init(_ title: String, _ alignment: Alignment = .left) {
            self.title = title
            self.alignment = alignment
        }
    }

    public let columns: [Column]
    public private(set) var rows: [[String]] = []

    public init(_ columns: [Column]) { self.columns = columns }

    /// Adds a row; missing cells at its end are empty.
    public mutating func append(_ cells: [String]) {
        precondition(cells.count <= columns.count)
        rows.append(cells + [String](repeating: "", count: columns.count - cells.count))
    }

    /// Aligned columns, two spaces apart, under a ruled header.
    public var terminal: String {
        let widths = columnWidths
        let header = line(columns.map(\.title), widths, separator: "  ")
        let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "  ")
        return ([header, rule] + rows.map { line($0, widths, separator: "  ") }).joined(separator: "\n")
    }

    /// A Markdown table that also reads well as plain text.
    public var markdown: String {
        let escaped = rows.map {
            $0.map { $0.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|") }
        }
        var table = Table(columns)
        table.rows = escaped
        let widths = table.columnWidths.map { max(3, $0) }
        let rule = zip(columns, widths).map { column, width in
            switch column.alignment {
            case .left: String(repeating: "-", count: width)
            case .right: String(repeating: "-", count: width - 1) + ":"
            }
        }
        let lines = [columns.map(\.title), rule] + escaped
        return lines.map { "| " + table.line($0, widths, separator: " | ", trims: false) + " |" }.joined(
            separator: "\n")
    }

    private var columnWidths: [Int] {
        columns.indices.map { index in
            rows.reduce(columns[index].title.count) { max($0, $1[index].count) }
        }
    }

    private func line(_ cells: [String], _ widths: [Int], separator: String, trims: Bool = true) -> String {
        var line = zip(zip(cells, columns), widths).map { cell, width in
            let fill = String(repeating: " ", count: max(0, width - cell.0.count))
            return cell.1.alignment == .left ? cell.0 + fill : fill + cell.0
        }.joined(separator: separator)
        while trims, line.last == " " { line.removeLast() }
        return line
    }
}
