/// What a function, a filter or a test is given.
struct Arguments {
    var positional: [Value] = []
    var keywords: [(name: String, value: Value)] = []
}

extension Renderer {
    /// Puts arguments in the order of the parameters; nil for those that are not given.
    func bind(
        _ arguments: Arguments, _ function: String, _ parameters: [String], required: Int
    ) throws(ChatTemplateError) -> [Value?] {
        guard arguments.positional.count <= parameters.count else {
            throw wrong(
                "\"\(function)\" takes \(parameters.count) arguments and is given \(arguments.positional.count)")
        }
        var bound: [Value?] = arguments.positional
        bound += Array(repeating: nil, count: parameters.count - bound.count)
        for (name, value) in arguments.keywords {
            guard let index = parameters.firstIndex(of: name) else {
                throw wrong("\"\(function)\" has no argument \"\(name)\"")
            }
            guard bound[index] == nil else { throw wrong("\"\(function)\" is given \"\(name)\" twice") }
            bound[index] = value
        }
        for index in 0..<required where bound[index] == nil {
            throw wrong("\"\(function)\" is not given \"\(parameters[index])\"")
        }
        return bound
    }

    /// An integer that may be left out.
    func integer(_ value: Value?, _ standard: Int) throws(ChatTemplateError) -> Int {
        guard let value else { return standard }
        guard let integer = value.integer else { throw wrong("\(value.kindName) is given where a number belongs") }
        return integer
    }

    /// A text that must be one.
    func bytes(_ value: Value) throws(ChatTemplateError) -> [UInt8] {
        guard let bytes = value.bytes else { throw wrong("\(value.kindName) is given where a string belongs") }
        return bytes
    }
}
