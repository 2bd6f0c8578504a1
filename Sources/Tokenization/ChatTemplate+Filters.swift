extension ChatTemplate.Renderer {
    typealias Value = ChatTemplate.Value
    private typealias Text = ChatTemplate.Text

    func passes(
        _ value: Value, _ test: ChatTemplate.Test, _ place: ChatTemplate.Place
    ) throws(ChatTemplateError) -> Bool {
        func parity() throws(ChatTemplateError) -> Int {
            guard let number = value.number else {
                throw ChatTemplateError(.wrongValue("\(value.kindName) is neither odd nor even"), at: place)
            }
            return number & 1
        }
        switch (test, value) {
        case (.defined, .undefined), (.none, .undefined): return false
        case (.defined, _), (.undefined, .undefined), (.none, .none): return true
        case (.string, .string), (.mapping, .map), (.boolean, .bool), (.integer, .integer): return true
        case (.number, .integer), (.number, .bool): return true
        case (.iterable, .string), (.iterable, .list), (.iterable, .map), (.iterable, .undefined): return true
        case (.sequence, .string), (.sequence, .list), (.sequence, .map), (.sequence, .undefined): return true
        case (.true, .bool(let value)): return value
        case (.false, .bool(let value)): return !value
        case (.odd, _): return try parity() == 1
        case (.even, _): return try parity() == 0
        default: return false
        }
    }

    func filtered(
        _ value: Value, _ filter: ChatTemplate.Filter, _ arguments: [Value], _ place: ChatTemplate.Place
    ) throws(ChatTemplateError) -> Value {
        let limit = filter == .default ? 2 : 0
        guard arguments.count <= limit else {
            throw ChatTemplateError(
                .unsupported("the filter \"\(filter.rawValue)\" with these arguments"), at: place)
        }
        func text() throws(ChatTemplateError) -> String {
            guard let text = value.text else { throw mismatch() }
            return text
        }
        func mismatch() -> ChatTemplateError {
            ChatTemplateError(.wrongValue("\"\(filter.rawValue)\" of \(value.kindName)"), at: place)
        }
        switch filter {
        case .trim: return .string(Text.stripped(try text(), nil, atStart: true, atEnd: true))
        case .upper: return .string(try text().uppercased())
        case .lower: return .string(try text().lowercased())
        case .string: return .string(try text())
        case .length, .count:
            switch value {
            case .string(let text): return .integer(text.unicodeScalars.count)
            case .list(let items): return .integer(items.count)
            case .map(let members): return .integer(members.count)
            case .undefined: return .integer(0)
            default: throw mismatch()
            }
        case .first, .last:
            switch value {
            case .list(let items): return (filter == .first ? items.first : items.last) ?? .undefined
            case .string(let text):
                let scalar = filter == .first ? text.unicodeScalars.first : text.unicodeScalars.last
                return scalar.map { .string(String($0)) } ?? .undefined
            case .undefined: return .undefined
            default: throw mismatch()
            }
        case .default:
            let replacement = arguments.first ?? .string("")
            if case .undefined = value { return replacement }
            return arguments.count == 2 && arguments[1].isTrue && !value.isTrue ? replacement : value
        }
    }

    func called(
        _ owner: Value, _ method: ChatTemplate.Method, _ arguments: [Value], _ place: ChatTemplate.Place
    ) throws(ChatTemplateError) -> Value {
        guard case .string(let text) = owner else {
            throw ChatTemplateError(.wrongValue("\(owner.kindName) has no \"\(method.rawValue)\""), at: place)
        }
        var strings: [String] = []
        for argument in arguments { if case .string(let text) = argument { strings.append(text) } }
        let counts: ClosedRange<Int> =
            switch method {
            case .strip, .lstrip, .rstrip, .split: 0...1
            case .startswith, .endswith: 1...1
            case .upper, .lower: 0...0
            case .replace: 2...2
            }
        guard counts.contains(arguments.count), strings.count == arguments.count, method != .split || strings != [""]
        else {
            throw ChatTemplateError(
                .unsupported("the method \"\(method.rawValue)\" with these arguments"), at: place)
        }
        switch method {
        case .strip, .lstrip, .rstrip:
            return .string(
                Text.stripped(text, strings.first, atStart: method != .rstrip, atEnd: method != .lstrip))
        case .startswith: return .bool(text.utf8.starts(with: strings[0].utf8))
        case .endswith: return .bool(text.utf8.reversed().starts(with: strings[0].utf8.reversed()))
        case .upper: return .string(text.uppercased())
        case .lower: return .string(text.lowercased())
        case .split: return .list(Text.split(text, strings.first).map { .string($0) })
        case .replace:
            let parts = strings[0].isEmpty ? nil : Text.split(text, strings[0])
            guard let parts else {
                throw ChatTemplateError(.unsupported("replacing nothing"), at: place)
            }
            guard parts.count * strings[1].utf8.count + text.utf8.count <= 1 << 26 else {
                throw ChatTemplateError(.tooLarge, at: place)
            }
            return .string(parts.joined(separator: strings[1]))
        }
    }
}

extension ChatTemplate {
    /// Operations on strings as Python has them: by Unicode scalars.
    enum Text {
        /// - Parameter set: the characters that are stripped; white space if nil.
        static func stripped(_ text: String, _ set: String?, atStart: Bool, atEnd: Bool) -> String {
            func isStripped(_ scalar: UnicodeScalar) -> Bool {
                set?.unicodeScalars.contains(scalar) ?? Whitespace.contains(scalar)
            }
            var scalars = text.unicodeScalars[...]
            if atStart { scalars = scalars.drop(while: isStripped) }
            if atEnd { while let last = scalars.last, isStripped(last) { scalars.removeLast() } }
            return String(scalars)
        }

        static func contains(_ text: String, _ part: String) -> Bool {
            part.isEmpty || !Array(text.utf8).ranges(of: Array(part.utf8)).isEmpty
        }

        /// The parts between separators; between runs of white space if there is none.
        static func split(_ text: String, _ separator: String?) -> [String] {
            guard let separator else {
                return text.unicodeScalars.split(whereSeparator: Whitespace.contains).map { String($0) }
            }
            return Array(text.utf8).split(separator: Array(separator.utf8), omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }
        }

        /// The remainder with the sign of the divisor.
        static func modulo(_ a: Int, _ b: Int) -> (Int, Bool) {
            guard b != 0, b != -1 else { return (0, b == 0) }
            let remainder = a % b
            return (remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder, false)
        }
    }
}
