import Files

/// What stands after `|`.
extension Renderer {
    static let filterNames: Set<String> = [
        "abs", "attr", "batch", "capitalize", "center", "count", "d", "default", "dictsort", "e", "escape",
        "filesizeformat", "first", "float", "forceescape", "format", "groupby", "indent", "int", "items", "join",
        "last", "length", "list", "lower", "map", "max", "min", "pprint", "random", "reject", "rejectattr", "replace",
        "reverse", "round", "safe", "select", "selectattr", "slice", "sort", "string", "striptags", "sum", "title",
        "tojson", "trim", "truncate", "unique", "upper", "urlencode", "urlize", "wordcount", "wordwrap", "xmlattr",
    ]

    /// Those that jinja2 never computes before a template is rendered.
    private static let contextFilters: Set<String> = [
        "map", "random", "reject", "rejectattr", "select", "selectattr",
    ]

    func filter(_ name: String, _ value: Value, _ arguments: Arguments) throws(ChatTemplateError) -> Value {
        func given(_ parameters: [String], _ required: Int = 0) throws(ChatTemplateError) -> [Value?] {
            try bind(arguments, name, parameters, required: required)
        }
        guard !isFolding || !Self.contextFilters.contains(name) else { throw notConstant }
        switch name {
        case "tojson": return try json(value, arguments)
        case "default", "d":
            let given = try given(["default_value", "boolean"])
            let isReplaced = value.isUndefined || given[1]?.isTrue == true && !value.isTrue
            return isReplaced ? given[0] ?? .text("") : value
        case "length", "count":
            _ = try given([])
            guard let count = try count(of: value) else { throw wrong("\(value.kindName) has no length") }
            return .integer(count)
        case "list":
            _ = try given([])
            return try list(try items(of: value))
        case "string":
            _ = try given([])
            return value.bytes == nil ? try string(try text(of: value)) : value
        case "safe":
            _ = try given([])
            return .markup(ByteString(try text(of: value)))
        case "e", "escape", "forceescape":
            _ = try given([])
            if case .markup = value, name != "forceescape" { return value }
            let text = try self.text(of: value)
            try spend(making: 5 * text.count)
            return .markup(ByteString(escaped(text)))
        case "items":
            _ = try given([])
            return try self.items(ofMapping: value)
        case "attr":
            let attribute = try bytes(try given(["name"], 1)[0] ?? .none)
            let name = String(decoding: attribute, as: UTF8.self)
            if case .map = value, !MethodNames.map.contains(name) {
                return .undefined(Missing(name, of: value.kindName))
            }
            return try self.attribute(name, of: value)
        default:
            if let result = try textFilter(name, value, arguments) { return result }
            if let result = try numberFilter(name, value, arguments) { return result }
            if let result = try sequenceFilter(name, value, arguments) { return result }
            if let result = try choosingFilter(name, value, arguments) { return result }
            if let result = try markupFilter(name, value, arguments) { return result }
            throw unsupported(filter: name)
        }
    }

    func unsupported(filter name: String) -> ChatTemplateError { error(.unsupported("the filter \"\(name)\"")) }

    // MARK: - Attributes of elements

    /// What `attribute=` names: keys and numbers, with dots between them.
    func path(_ attribute: Value) throws(ChatTemplateError) -> [Value] {
        guard let bytes = attribute.bytes else {
            if isNone(attribute) { return [] }
            return [attribute]
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: ".", omittingEmptySubsequences: false).map {
            let isNumber = !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) }
            return isNumber ? Int($0).map { .integer($0) } ?? .text(String($0)) : .text(String($0))
        }
    }

    func follow(_ path: [Value], from value: Value, default standard: Value? = nil) throws(ChatTemplateError) -> Value {
        var value = value
        for part in path {
            value = try item(part, of: value)
            if value.isUndefined, let standard { value = standard }
        }
        return value
    }

    /// What elements are compared by.
    func sortKey(_ value: Value, isCaseSensitive: Bool) throws(ChatTemplateError) -> Value {
        guard !isCaseSensitive, value.bytes != nil else { return value }
        return try changedCase("lower", value) ?? value
    }
}
