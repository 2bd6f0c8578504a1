/// Numbers as reports show them, the same in every locale.
package enum Figures {
    /// A number with a fixed count of decimals, rounded to nearest: `3.142` with three.
    package static func decimal(_ value: Double, _ decimals: Int) -> String {
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

    /// A number with as many decimals as show `digits` digits that are not leading zeros: `0.00314` with three.
    package static func significant(_ value: Double, _ digits: Int) -> String {
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

    /// A count of bytes in decimal units, such as `31.1 MB`.
    package static func bytes(_ count: Int) -> String {
        let units = ["bytes", "kB", "MB", "GB", "TB"]
        var value = Double(count)
        var unit = 0
        while value >= 999.95, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        return unit == 0 ? "\(count) bytes" : decimal(value, value < 9.995 ? 2 : 1) + " " + units[unit]
    }

    /// A count of weights, such as `25.8 billion`, with three digits.
    package static func weights(_ count: Int) -> String {
        let units = ["", " thousand", " million", " billion", " trillion"]
        var value = Double(count)
        var unit = 0
        while value >= 999.5, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        return unit == 0 ? "\(count)" : significant(value, 3) + units[unit]
    }

    /// A time in whole seconds as a clock shows it: `0:07`, `12:30`, `3:04:05`.
    package static func clock(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "–:––" }
        let whole = Int(seconds.rounded())
        let (hours, minutes) = (whole / 3600, whole / 60 % 60)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return hours > 0 ? "\(hours):\(two(minutes)):\(two(whole % 60))" : "\(minutes):\(two(whole % 60))"
    }

    /// A time as a sentence says it: `0.4 s`, `12 s`, `3 min 20 s`, `4 h 5 min`.
    package static func duration(_ seconds: Double) -> String {
        if seconds < 9.95 { return "\(decimal(seconds, 1)) s" }
        let whole = Int(seconds.rounded())
        if whole < 120 { return "\(whole) s" }
        if whole < 7200 { return "\(whole / 60) min \(whole % 60) s" }
        return "\(whole / 3600) h \(whole % 3600 / 60) min"
    }

    /// A share from 0 to 1 as whole percents, such as `42 %`.
    package static func percent(_ fraction: Double) -> String { decimal(fraction * 100, 0) + " %" }
}
