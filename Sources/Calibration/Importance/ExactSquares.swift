/// Sums of squares of single-precision numbers that no order of adding changes.
///
/// Each square is rounded once, to a multiple of 2⁻⁷², and the multiples are added up as whole numbers: the same numbers have
/// the same sum, however they are cut into batches, threads and parts.
package struct ExactSquares: Sendable, Equatable {
    /// The sums, in multiples of 2⁻⁷².
    package private(set) var sums: [Int128]
    /// Whether all numbers were finite and all sums below 2⁵⁴.
    package private(set) var isFinite = true

    private static let unit = 0x1p-72

    /// Zeros.
    package init(count: Int) { sums = [Int128](repeating: 0, count: count) }

    /// Sums that are known.
    init(sums: [Int128], isFinite: Bool) {
        self.sums = sums
        self.isFinite = isFinite
    }

    /// The sum of a place, rounded to single precision.
    package func value(at place: Int) -> Float { Float(Double(sums[place]) * Self.unit) }

    /// Adds other sums.
    package mutating func add(_ other: ExactSquares) {
        for place in sums.indices { add(other.sums[place], at: place) }
        isFinite = isFinite && other.isFinite
    }

    private mutating func add(_ multiple: Int128, at place: Int) {
        let (sum, overflow) = sums[place].addingReportingOverflow(multiple)
        sums[place] = sum
        if overflow || sum.magnitude >> 126 != 0 { isFinite = false }
    }

    // MARK: Rows

    /// Rows whose sums of each bin are exact as doubles.
    private static let rowLimit = 1 << 12
    /// Numbers from here on are squared as whole numbers.
    private static let largeNumber: Float = 1024
    /// Adding such a number and subtracting it rounds to multiples of 2⁻²⁰, 2⁻⁴⁶ and 2⁻⁷².
    private static let rounding = (high: 0x1.8p32, middle: 0x1.8p6, low: 0x1.8p-20)

    /// Adds the squares of rows, column by column.
    ///
    /// - Parameter inputs: `count` rows of as many numbers as there are sums, one row after the other.
    package mutating func addRows(_ inputs: UnsafePointer<Float>, count: Int) {
        for start in stride(from: 0, to: count, by: Self.rowLimit) {
            addRows(inputs + start * sums.count, atMost: min(Self.rowLimit, count - start))
        }
    }

    private mutating func addRows(_ inputs: UnsafePointer<Float>, atMost count: Int) {
        let columns = sums.count
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 3 * columns) { bins in
            bins.initialize(repeating: 0)
            let (high, middle, low) = (
                bins.baseAddress!, bins.baseAddress! + columns, bins.baseAddress! + 2 &* columns
            )
            for row in 0..<count {
                let numbers = inputs + row &* columns
                if Self.isSmall(numbers, columns) {
                    for column in 0..<columns {
                        // Exact: a double holds the product of two single-precision numbers.
                        let square = Double(numbers[column]) * Double(numbers[column])
                        let upper = (square + Self.rounding.high) - Self.rounding.high
                        let rest = square - upper
                        let inner = (rest + Self.rounding.middle) - Self.rounding.middle
                        let least = ((rest - inner) + Self.rounding.low) - Self.rounding.low
                        high[column] += upper
                        middle[column] += inner
                        low[column] += least
                    }
                } else {
                    for column in 0..<columns {
                        guard let multiple = Self.multiple(of: numbers[column]) else {
                            isFinite = false
                            continue
                        }
                        add(multiple, at: column)
                    }
                }
            }
            for column in 0..<columns {
                add(
                    Int128(Int64(high[column] * 0x1p20)) << 52 + Int128(Int64(middle[column] * 0x1p46)) << 26
                        + Int128(Int64(low[column] * 0x1p72)), at: column)
            }
        }
    }

    private static func isSmall(_ numbers: UnsafePointer<Float>, _ count: Int) -> Bool {
        // Of numbers without signs the bits are in the order of the numbers, and those of no numbers are behind all.
        var largest: UInt32 = 0
        for place in 0..<count { largest = max(largest, numbers[place].bitPattern & 0x7fff_ffff) }
        return largest < largeNumber.bitPattern
    }

    /// A square in multiples of the unit; nil if it is not finite, or too large.
    private static func multiple(of number: Float) -> Int128? {
        guard number.isFinite else { return nil }
        let square = Double(number) * Double(number)
        guard abs(number) >= largeNumber else { return Int128((square * 0x1p72).rounded(.toNearestOrEven)) }
        guard square < 0x1p54 else { return nil }
        return Int128(square * 0x1p72)
    }
}
