import ArgumentParser

/// A number of bytes: with K, M, G or T (powers of 1000) or Ki, Mi, Gi or Ti (powers of 1024) in any case, an optional B, and
/// an optional space before them; large numbers may be plain. At most 64 PiB, so that sums of several are numbers.
struct ByteSize: ExpressibleByArgument {
    let byteCount: Int

    private static let limit = 1 << 56
    /// Smaller numbers without a unit are more likely to be gigabytes than bytes.
    private static let smallestPlain = 4096.0
    private static let units: [String: Double] = [
        "": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "ki": 1024, "mi": 1_048_576, "gi": 1_073_741_824,
        "ti": 1_099_511_627_776,
    ]

    init?(argument: String) {
        let digits = argument.prefix { $0.isNumber || $0 == "." }
        let word = argument.dropFirst(digits.count).drop { $0 == " " }.lowercased()
        let unit = word.hasSuffix("b") && word != "b" ? String(word.dropLast()) : word
        guard let number = Double(digits), let factor = unit == "b" ? 1 : Self.units[unit], number * factor >= 1,
            unit != "" || number >= Self.smallestPlain,
            let count = Int(exactly: (number * factor).rounded()), count <= Self.limit
        else { return nil }
        byteCount = count
    }
}
