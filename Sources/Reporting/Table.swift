/// A table of texts, for a terminal or as Markdown.
package struct Table: Sendable {
    /// The side of a column that its cells stand at.
    package enum Alignment: Sendable {
        case left, right
    }

    /// The header of a column, and how its cells are aligned.
    package struct Column: Sendable {
        /// The text above the column.
        package let title: String
        /// The side that the column's cells, and its title, stand at.
        package let alignment: Alignment

        /// A column; texts stand at the left, numbers should at the right.
        package init(_ title: String, _ alignment: Alignment = .left) {
            self.title = title
            self.alignment = alignment
        }
    }

    /// The columns from left to right.
    package let columns: [Column]
    /// The cells of each row, one for each column.
    package private(set) var rows: [[String]] = []

    /// A table without rows.
    package init(_ columns: [Column]) { self.columns = columns }

    /// Adds a row; missing cells at its end are empty.
    package mutating func append(_ cells: [String]) {
        precondition(cells.count <= columns.count)
        rows.append(cells + [String](repeating: "", count: columns.count - cells.count))
    }

    /// Aligned columns, two spaces apart, under a ruled header.
    package var terminal: String {
        let widths = columnWidths
        let header = line(columns.map(\.title), widths, separator: "  ")
        let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "  ")
        return ([header, rule] + rows.map { line($0, widths, separator: "  ") }).joined(separator: "\n")
    }

    /// A Markdown table that also reads well as plain text.
    package var markdown: String {
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
