/// The rule by which the columns of a matrix are cut into blocks that are fitted separately, as if the inputs of one
/// block were uncorrelated with those of the others.
///
/// The moments of n inputs and what is made of them take about 40 · n² bytes, which is too much for very wide matrices.
public struct ColumnBlocks: Sendable, Hashable {
    /// The number that the width of every block except a row's last is a multiple of: the length of the longest blocks
    /// of any type.
    public static let unit = 256

    /// The most columns of a block, a multiple of ``unit`` above 0.
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

    /// The blocks of a row of `columns` columns: as few as possible, and as equal as whole units allow.
    public func ranges(of columns: Int) -> [Range<Int>] {
        guard columns > greatestWidth else { return [0..<columns] }
        let unitCount = (columns + Self.unit - 1) / Self.unit
        let count = (columns + greatestWidth - 1) / greatestWidth
        return (0..<count).map {
            unitCount * $0 / count * Self.unit..<min(unitCount * ($0 + 1) / count * Self.unit, columns)
        }
    }
}
