/// A table of texts of any origin, for a terminal or as Markdown.
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
    /// The places of each row's cells that stand out where that can be shown.
    fileprivate var emphasized: [Set<Int>] = []

    /// A table without rows.
    package init(_ columns: [Column]) { self.columns = columns }

    /// Adds a row; missing cells at its end are empty.
    ///
    /// - Parameters:
    ///   - cells: The texts of the row's cells from left to right.
    ///   - emphasized: The places of the cells that stand out: Markdown has them bold.
    package mutating func append(_ cells: [String], emphasizing emphasized: Set<Int> = []) {
        precondition(cells.count <= columns.count)
        self.emphasized.append(emphasized)
        rows.append(cells + [String](repeating: "", count: columns.count - cells.count))
    }

    /// Aligned columns, two spaces apart, under a ruled header; control characters are escaped.
    package var terminal: DisplayText {
        let texts = Texts(self) { text, _ in text.escapingControls() }
        let rule = texts.widths.map { String(repeating: "─", count: $0) }
        let lines = [texts.titles, rule] + texts.rows
        return DisplayText(safe: lines.map { texts.line($0, separator: "  ").trimmed }.joined(separator: "\n"))
    }

    /// A Markdown table that also reads well as plain text; cells and titles show as they are, whatever they hold.
    package var markdown: DisplayText {
        let texts = Texts(self, minimumWidth: 3) { text, stands in
            stands ? "**\(Markdown.inline(text))**" : Markdown.inline(text)
        }
        let rule = zip(columns, texts.widths).map { column, width in
            switch column.alignment {
            case .left: String(repeating: "-", count: width)
            case .right: String(repeating: "-", count: width - 1) + ":"
            }
        }
        let lines = [texts.titles, rule] + texts.rows
        return DisplayText(
            safe: lines.map { "| " + texts.line($0, separator: " | ") + " |" }.joined(separator: "\n"))
    }
}

/// The texts of a table as they are written, and the widths of their columns.
private struct Texts {
    let titles: [String]
    let rows: [[String]]
    let widths: [Int]
    private let alignments: [Table.Alignment]

    init(_ table: Table, minimumWidth: Int = 0, _ escape: (String, _ standsOut: Bool) -> String) {
        let titles = table.columns.map { escape($0.title, false) }
        let rows = zip(table.rows, table.emphasized).map { row, emphasized in
            row.enumerated().map { escape($1, emphasized.contains($0)) }
        }
        (self.titles, self.rows) = (titles, rows)
        alignments = table.columns.map(\.alignment)
        widths = titles.indices.map { index in
            rows.reduce(max(minimumWidth, titles[index].displayWidth)) { max($0, $1[index].displayWidth) }
        }
    }

    func line(_ cells: [String], separator: String) -> String {
        zip(zip(cells, alignments), widths).map { cell, width in
            let fill = String(repeating: " ", count: max(0, width - cell.0.displayWidth))
            return cell.1 == .left ? cell.0 + fill : fill + cell.0
        }.joined(separator: separator)
    }
}

extension String {
    /// The text without the spaces at its end.
    fileprivate var trimmed: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
