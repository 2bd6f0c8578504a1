/// What a template may cost. Templates come from strangers, with the files that hold them.
enum Limits {
    /// Bytes of a template.
    static let sourceLength = 1 << 20
    /// Levels of parentheses and statements in the source.
    static let nesting = 100
    /// Levels of an expression, counted in links of chains too.
    static let expressionDepth = 200
    /// Levels of lists in lists.
    static let valueDepth = 200
    /// Levels of statements and expressions that run inside each other, macros' calls included.
    static let runDepth = 600
    /// Elements, operations and pieces of 16 bytes that are looked at while a conversation is rendered.
    static let steps = 10_000_000
    /// Bytes of all values and texts that are made while a conversation is rendered.
    static let bytes = 96 << 20
    /// Numbers of a range, as in jinja2's sandbox.
    static let rangeLength = 100_000
}
