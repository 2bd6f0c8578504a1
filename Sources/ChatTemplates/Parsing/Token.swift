/// A position in the source of a template.
struct Place: Sendable, Equatable {
    /// The line of the template, from 1.
    var line: Int
    /// The character in the line, from 1.
    var column: Int
}

/// A piece of a template.
enum Segment {
    case text(String)
    /// `{{ … }}`
    case output([Token], Place)
    /// `{% … %}`
    case block([Token], Place)
}

struct Token {
    enum Kind: Equatable {
        case name(String)
        case string(String)
        case integer(Int)
        case float(Double)
        case sign(String)
        /// The end of the tag.
        case end
    }

    var kind: Kind
    var place: Place
}
