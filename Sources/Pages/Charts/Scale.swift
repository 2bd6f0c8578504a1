import Platform
import Reporting

/// Numbers along an axis, linear or logarithmic, as places in a drawing.
struct Scale {
    let numbers: ClosedRange<Double>
    /// The places of the least and the greatest number.
    let start: Double
    let end: Double
    let isLogarithmic: Bool

    /// A scale with some room beside the numbers; nil if there are none, or if one is not positive where logarithms are taken.
    init?(_ values: [Double], from start: Double, to end: Double, isLogarithmic: Bool = false) {
        guard let least = values.min(), let greatest = values.max(), least.isFinite, greatest.isFinite,
            !isLogarithmic || least > 0
        else { return nil }
        let room = greatest > least ? (greatest - least) / 12 : max(greatest.magnitude / 10, 0.5)
        if isLogarithmic {
            let factor = max(pow(greatest / least, 1 / 12.0), 1.2)
            numbers = least / factor...greatest * factor
        } else {
            let least = least >= 0 ? max(0, least - room) : least - room
            numbers = least...greatest + room
        }
        (self.start, self.end, self.isLogarithmic) = (start, end, isLogarithmic)
    }

    /// The place of a number.
    func place(_ value: Double) -> Double {
        let (low, high) = (position(numbers.lowerBound), position(numbers.upperBound))
        return start + (end - start) * (position(value) - low) / (high - low)
    }

    private func position(_ value: Double) -> Double { isLogarithmic ? log10(value) : value }

    /// Round numbers on the axis: multiples of 1, 2 or 5 times a power of ten.
    var ticks: [Double] {
        let (low, high) = (numbers.lowerBound, numbers.upperBound)
        if isLogarithmic {
            let powers = Int(log10(low).rounded(.down))...Int(log10(high).rounded(.up))
            let all = powers.flatMap { power in [1, 2, 5].map { $0 * pow(10, Double(power)) } }
            let inside = all.filter { numbers.contains($0) }
            let tens = powers.map { pow(10, Double($0)) }.filter { numbers.contains($0) }
            return tens.count >= 3 ? tens : inside
        }
        let rough = (high - low) / 4
        let power = pow(10, log10(rough).rounded(.down))
        let step = ([1, 2, 5].map { $0 * power }.first { $0 >= rough }) ?? 10 * power
        let first = Int((low / step).rounded(.up))
        let last = Int((high / step).rounded(.down))
        return first <= last ? (first...last).map { Double($0) * step } : []
    }
}
