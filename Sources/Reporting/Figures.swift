/// Numbers as reports show them, the same in every locale.
public enum Figures {
    /// With a fixed number of decimals.
    public static func decimal(_ value: Double, _ decimals: Int) -> String {
        guard value.isFinite else { return "\(value)" }
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let rounded = (value.magnitude * scale).rounded()
        guard rounded < 9e15 else { return "\(value)" }
        let digits = String(Int(rounded))
        let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
        let sign = value < 0 && rounded > 0 ? "-" : ""
        guard decimals > 0 else { return sign + padded }
        return sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
    }

    /// With as many decimals as show a number of digits that are not leading zeros.
    public static func significant(_ value: Double, _ digits: Int) -> String {
        var decimals = digits - 1
        var magnitude = value.magnitude
        while magnitude >= 10, decimals > 0 {
            magnitude /= 10
            decimals -= 1
        }
        while magnitude < 1, magnitude > 0, decimals < 17 {
            magnitude *= 10
            decimals += 1
        }
        return decimal(value, decimals)
    }

    /// Bytes in decimal units: `31.1 MB`.
    public static func bytes(_ count: Int) -> String {
        let units = ["bytes", "kB", "MB", "GB", "TB"]
        var value = Double(count)
        var unit = 0
        while value >= 999.95, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        return unit == 0 ? "\(count) bytes" : decimal(value, value < 9.995 ? 2 : 1) + " " + units[unit]
    }

    /// A share in percent.
    public static func percent(_ fraction: Double) -> String { decimal(fraction * 100, 0) + " %" }
}
