/// Text that is safe to show: what files and users have put into it does not act on a terminal.
///
/// Literals are layout and stand as they are. Strings that are interpolated are escaped, line feeds and tabs too, so that
/// no value makes a line of its own; a `DisplayText` that is interpolated is not escaped again.
package struct DisplayText: Sendable, Hashable, ExpressibleByStringInterpolation {
    /// The text as it is to be written.
    package private(set) var text: String

    /// Layout, as the program's source has it.
    package init(stringLiteral layout: String) { text = layout }

    /// The collected parts of an interpolated literal.
    package init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    /// Text of any origin on one line: all control characters are escaped.
    package init(line: String) { text = line.escapingControls() }

    /// Text of any origin on any number of lines: all control characters but line feeds and tabs are escaped.
    package init(lines: String) { text = lines.escapingControls(keeping: ["\n", "\t"]) }

    /// Text without control characters but those of its layout.
    init(safe: String) { text = safe }

    /// Joins two texts without anything between them.
    package static func + (first: Self, second: Self) -> Self { Self(safe: first.text + second.text) }

    /// Collects the parts of an interpolated literal.
    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        /// Begins without parts; the capacities are not used.
        package init(literalCapacity: Int, interpolationCount: Int) {}

        /// Appends layout.
        package mutating func appendLiteral(_ layout: String) { text += layout }

        /// Appends the description of a value on one line, escaped.
        package mutating func appendInterpolation(_ value: some CustomStringConvertible) {
            text += value.description.escapingControls()
        }

        /// Appends text that is safe already.
        package mutating func appendInterpolation(_ safe: DisplayText) { text += safe.text }
    }
}

extension Sequence where Element == DisplayText {
    /// The texts in their order, with a separator between each two.
    package func joined(separator: DisplayText) -> DisplayText {
        DisplayText(safe: map(\.text).joined(separator: separator.text))
    }
}
