import Files

/// Computes the expressions that jinja2 computes when it reads a template: those that no variable takes part in.
///
/// A few have another value there than where they are reached: slices of what has none are undefined then, and errors
/// otherwise.
final class ConstantFolder {
    private let renderer = Renderer(names: [], variables: [:], clock: .fixed(secondsSince1970: 0), isFolding: true)

    /// The text of an expression that is constant; nil for another one, and for one with an error.
    func text(of expression: Expression) throws(ChatTemplateError) -> ByteString? {
        try constant { renderer throws(ChatTemplateError) in
            ByteString(try renderer.text(of: try renderer.evaluate(expression)))
        }
    }

    /// The literal of the same value; nil if there is none, or the expression is not constant or has an error.
    func literal(of expression: Expression) throws(ChatTemplateError) -> Expression? {
        let value = try constant { renderer throws(ChatTemplateError) in try renderer.evaluate(expression) }
        return value.flatMap { Self.literal(of: $0, expression.place) }
    }

    private func constant<Result>(
        _ compute: (Renderer) throws(ChatTemplateError) -> Result
    ) throws(ChatTemplateError) -> Result? {
        do throws(ChatTemplateError) {
            return try compute(renderer)
        } catch {
            if error.kind == .limit(.steps) || error.kind == .limit(.bytes) { throw error }
            return nil
        }
    }

    private static func literal(of value: Value, _ place: Place) -> Expression? {
        switch value {
        case .none: return Expression(.none, place, depth: 1)
        case .bool(let value): return Expression(.bool(value), place, depth: 1)
        case .integer(let value): return Expression(.integer(value), place, depth: 1)
        case .float(let value): return Expression(value.isFinite ? .float(value) : .notFinite, place, depth: 1)
        case .string(let text): return Expression(.string(text), place, depth: 1)
        case .markup(let text): return Expression(.markup(text), place, depth: 1)
        case .list(let list):
            guard let parts = literals(of: list.items, place) else { return nil }
            return Expression(list.isTuple ? .tuple(parts) : .list(parts), place, depth: list.depth + 1)
        case .map(let map):
            guard let keys = literals(of: map.keys, place), let values = literals(of: map.values, place) else {
                return nil
            }
            return Expression(
                .dictionary(zip(keys, values).map { (key: $0, value: $1) }), place, depth: map.depth + 1)
        default: return nil
        }
    }

    private static func literals(of values: [Value], _ place: Place) -> [Expression]? {
        let literals = values.compactMap { literal(of: $0, place) }
        return literals.count == values.count ? literals : nil
    }
}
