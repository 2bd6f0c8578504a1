/// How the columns of a matrix are cut into blocks that are fitted apart from each other, as if their inputs had nothing to do
/// with those of other blocks.
///
/// The moments of n inputs and what is made of them take about 40 · n² bytes, which is too much for very wide matrices.
public struct ColumnBlocks: Sendable, Hashable {
    /// What a block's columns are whole multiples of, but for the last of a row: the longest blocks of any type.
    public static let unit = 256

    /// Columns of the widest block, a multiple of ``unit`` above 0.
    public let greatestWidth: Int

    /// Cuts rows into blocks of at most `greatestWidth` columns, which ``isPossible(greatestWidth:)`` must allow.
    public init(greatestWidth: Int = 8192) {
        precondition(Self.isPossible(greatestWidth: greatestWidth))
        self.greatestWidth = greatestWidth
    }

    /// Whether a width is a multiple of ``unit`` above 0, as blocks need it.
    public static func isPossible(greatestWidth: Int) -> Bool {
        greatestWidth > 0 && greatestWidth.isMultiple(of: unit)
    }

    /// The fewest blocks that a row can be cut into, as equal as whole units allow.
    public func ranges(of columns: Int) -> [Range<Int>] {
        guard columns > greatestWidth else { return [0..<columns] }
        let unitCount = (columns + Self.unit - 1) / Self.unit
        let count = (columns + greatestWidth - 1) / greatestWidth
        return (0..<count).map {
            unitCount * $0 / count * Self.unit..<min(unitCount * ($0 + 1) / count * Self.unit, columns)
        }
    }
}
