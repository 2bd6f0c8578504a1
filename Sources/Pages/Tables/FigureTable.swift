import Reporting

/// A table of figures, each with the number that it shows.
package struct FigureTable: Sendable {
    /// A figure as it is shown, and its number.
    package struct Cell: Sendable, Hashable {
        /// The text of the cell.
        package let text: String
        /// The number that the text begins with, with all its digits; nil if there is none.
        package let value: Double?
        /// Whether it is the best of its row.
        package internal(set) var isBest = false

        /// A cell of words.
        init(_ text: String) { (self.text, value) = (text, nil) }

        /// A cell of a number, shown as the text says.
        init(_ text: String, _ value: Double?) { (self.text, self.value) = (text, value) }
    }

    /// Which of the numbers of a row is the best.
    enum Best { case least, greatest, none }

    /// What the table is of.
    package let title: String
    /// The columns from left to right; the first names the row.
    package let columns: [Table.Column]
    /// The cells of each row, one for each column.
    package private(set) var rows: [[Cell]] = []

    /// A table whose first column, with its title, names the rows.
    init(_ title: String, _ columns: [Table.Column]) {
        self.title = title
        self.columns = columns
    }

    /// Adds a row, with the best of its numbers marked unless all are the same.
    ///
    /// - Parameters:
    ///   - name: What the row is of.
    ///   - cells: The cells after it.
    ///   - best: Which number is the best.
    ///   - isRated: Whether a column's number takes part, by its place after the first; nil for all.
    mutating func append(
        _ name: String, _ cells: [Cell], best: Best = .none, isRated: ((Int) -> Bool)? = nil
    ) {
        var cells = cells
        let rated = cells.indices.filter { cells[$0].value != nil && isRated?($0) ?? true }
        let values = rated.map { cells[$0].value! }
        let winner: Double? =
            switch best {
            case .least: values.min()
            case .greatest: values.max()
            case .none: nil
            }
        if Set(values).count > 1, let winner {
            for index in rated where cells[index].value == winner { cells[index].isBest = true }
        }
        rows.append([Cell(name)] + cells)
    }

    /// The same for terminals and Markdown.
    package var table: Table {
        var table = Table(columns)
        for row in rows {
            table.append(row.map(\.text), emphasizing: Set(row.indices.filter { row[$0].isBest }))
        }
        return table
    }
}
