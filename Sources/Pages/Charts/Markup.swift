import Reporting

/// HTML or SVG in which texts of any origin show as they are.
///
/// Literals are markup and stand as they are. Strings that are interpolated are escaped, `&`, `<`, `>`, `"` and `'` as
/// entities, control characters as ``Reporting/DisplayText`` has them; `Markup` that is interpolated is not escaped again.
package struct Markup: Sendable, Hashable, ExpressibleByStringInterpolation {
    /// The markup as it is to be written.
    package private(set) var source: String

    /// Markup, as the program's source has it.
    package init(stringLiteral markup: String) { source = markup }

    /// The collected parts of an interpolated literal.
    package init(stringInterpolation: StringInterpolation) { source = stringInterpolation.source }

    /// Text of any origin.
    package init(text: String) { source = Self.escaped(text) }

    /// Markup that was made of escaped parts.
    init(safe: String) { source = safe }

    /// Joins two pieces without anything between them.
    package static func + (first: Self, second: Self) -> Self { Self(safe: first.source + second.source) }

    /// Appends another piece.
    package static func += (first: inout Self, second: Self) { first.source += second.source }

    /// By scalars: a quotation mark with an accent on it, one `Character`, would end an attribute too.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in DisplayText(line: text).text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Collects the parts of an interpolated literal.
    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var source = ""

        /// Begins without parts; the capacities are not used.
        package init(literalCapacity: Int, interpolationCount: Int) {}

        /// Appends markup.
        package mutating func appendLiteral(_ markup: String) { source += markup }

        /// Appends the description of a value, escaped.
        package mutating func appendInterpolation(_ value: some CustomStringConvertible) {
            source += Markup.escaped(value.description)
        }

        /// Appends a coordinate, in hundredths.
        package mutating func appendInterpolation(_ coordinate: Double) {
            source += Figures.decimal(coordinate, 2)
        }

        /// Appends markup that is safe already.
        package mutating func appendInterpolation(_ safe: Markup) { source += safe.source }
    }
}

extension Sequence where Element == Markup {
    /// The pieces in their order.
    package func joined() -> Markup { Markup(safe: map(\.source).joined()) }
}
