/// Numbers of bytes in the unit people think in, as messages show them: `23.41 GiB`, `512.00 MiB`, `96.00 KiB`, `12
/// bytes`.
public enum ByteCount {
    /// The direction in which the last digit is rounded.
    public enum Rounding: Sendable {
        /// Rounds up, so that a need is never shown smaller than it is.
        case up
        /// Rounds down, so that a supply is never shown larger than it is.
        case down
    }

    private static let units: [(name: String, byteCount: Int)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
    ]

    /// A count of bytes with two decimals in the largest unit, up to TiB, of which it has at least one.
    public static func text(_ count: Int, rounding: Rounding) -> String {
        guard let unit = units.first(where: { count >= $0.byteCount }) else {
            return "\(count) \(count == 1 ? "byte" : "bytes")"
        }
        // Hundredths of the unit, without a product that could overflow.
        let (whole, rest) = count.quotientAndRemainder(dividingBy: unit.byteCount)
        var hundredths = 100 * whole + 100 * rest / unit.byteCount
        if rounding == .up, 100 * rest % unit.byteCount > 0 { hundredths += 1 }
        let decimals = String(hundredths % 100)
        return "\(hundredths / 100).\(decimals.count < 2 ? "0" : "")\(decimals) \(unit.name)"
    }
}
