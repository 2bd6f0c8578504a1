import ArgumentParser

/// A number of bytes: plain, or with K, M, G or T (powers of 1000) or Ki, Mi, Gi or Ti (powers of 1024), and an optional B; at most 64 PiB, so that
/// sums of several are numbers.
struct ByteSize: ExpressibleByArgument {
    let byteCount: Int

    private static let limit = 1 << 56

    init?(argument: String) {
        let text = argument.hasSuffix("B") ? argument.dropLast() : argument[...]
        let digits = text.prefix { $0.isNumber || $0 == "." }
        let units: [Substring: Double] = [
            "": 1, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 1024, "Mi": 1_048_576, "Gi": 1_073_741_824,
            "Ti": 1_099_511_627_776,
        ]
        guard let number = Double(digits), let unit = units[text.dropFirst(digits.count)], number * unit >= 1,
            let count = Int(exactly: (number * unit).rounded()), count <= Self.limit
        else { return nil }
        byteCount = count
    }
}
