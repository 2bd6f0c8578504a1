import ByteJSON
import Files

/// Renders a template once.
final class Renderer {
    /// How a list of statements ends.
    enum Flow { case end, leave, next }

    struct Namespace {
        var names: [ByteString] = []
        var values: [ByteString: Value] = [:]
    }

    let clock: ChatTemplate.Clock
    /// The variables that the caller gives, by the numbers of their names.
    let variables: [Value?]
    var activation = Activation(parent: nil, slots: [])
    /// All of them, until the end.
    var activations: [Activation] = []
    var output: [UInt8] = []
    var namespaces: [Namespace] = []
    var macros: [(function: Function, home: Activation)] = []
    /// The place in the template that is being rendered, for errors.
    var place = Place(line: 1, column: 1)
    private var level = 0
    /// Whether constants are computed while a template is read; all else is an error then.
    let isFolding: Bool
    private var stepsLeft = Limits.steps
    private var bytesLeft = Limits.bytes

    init(names: [Name], variables: [String: JSON], clock: ChatTemplate.Clock, isFolding: Bool = false) {
        self.clock = clock
        self.isFolding = isFolding
        self.variables = names.map { name in
            if let value = variables[name.text] { return Value(value) }
            return Callable.Global(rawValue: name.text).map { .callable(.global($0)) }
        }
    }

    /// The text of a template.
    func render(_ program: Function) throws(ChatTemplateError) -> [UInt8] {
        defer { end() }
        activation = try activate(Array(repeating: nil, count: program.slotCount), parent: nil)
        enter(program.block)
        _ = try run(program.block.body)
        return output
    }

    // MARK: - Budgets

    /// Counts elements, operations or comparisons.
    func spend(_ steps: Int) throws(ChatTemplateError) {
        stepsLeft -= steps
        if stepsLeft < 0 { throw error(.limit(.steps)) }
    }

    /// Counts bytes that are looked at.
    func spend(reading bytes: Int) throws(ChatTemplateError) { try spend(1 + bytes >> 4) }

    /// Counts bytes that are made.
    func spend(making bytes: Int) throws(ChatTemplateError) {
        bytesLeft -= bytes + 32
        if bytesLeft < 0 { throw error(.limit(.bytes)) }
        try spend(reading: bytes)
    }

    /// Counts elements that are made.
    func spend(items count: Int) throws(ChatTemplateError) {
        try spend(making: count.multipliedReportingOverflow(by: 16).partialValue)
        try spend(count)
    }

    /// Runs what lies a level deeper.
    func nested<Result>(_ run: () throws(ChatTemplateError) -> Result) throws(ChatTemplateError) -> Result {
        guard level < Limits.runDepth else { throw error(.limit(.nesting)) }
        level += 1
        defer { level -= 1 }
        return try run()
    }

    // MARK: - Errors

    func error(_ kind: ChatTemplateError.Kind) -> ChatTemplateError { ChatTemplateError(kind, at: place) }

    /// Ends the computation of what is no constant; nobody sees it.
    var notConstant: ChatTemplateError { wrong("a constant is expected") }

    func wrong(_ problem: String) -> ChatTemplateError { error(.wrongValue(problem)) }

    // MARK: - Making values

    func string(_ bytes: [UInt8]) throws(ChatTemplateError) -> Value {
        try spend(making: bytes.count)
        return .string(ByteString(bytes))
    }

    /// A text that escapes what is added to it if `original` is one.
    func string(_ bytes: [UInt8], like original: Value) throws(ChatTemplateError) -> Value {
        try spend(making: bytes.count)
        if case .markup = original { return .markup(ByteString(bytes)) }
        return .string(ByteString(bytes))
    }

    func depth(of items: [Value]) throws(ChatTemplateError) -> Int {
        var depth = 0
        for item in items { depth = max(depth, item.depth) }
        guard depth < Limits.valueDepth else { throw error(.limit(.valueDepth)) }
        return depth + 1
    }

    func list(_ items: [Value], isTuple: Bool = false) throws(ChatTemplateError) -> Value {
        try spend(items: items.count)
        return .list(ListValue(items, isTuple: isTuple, depth: try depth(of: items)))
    }

    func map(_ members: [(key: Value, value: Value)]) throws(ChatTemplateError) -> Value {
        try spend(items: 4 * members.count)
        var keys: [Value] = []
        var values: [Value] = []
        var index: [Key: Int] = [:]
        for member in members {
            let key = try key(member.key)
            if let known = index[key] {
                values[known] = member.value
            } else {
                index[key] = keys.count
                keys.append(member.key)
                values.append(member.value)
            }
        }
        let depth = max(try depth(of: keys), try depth(of: values))
        return .map(MapValue(keys: keys, values: values, index: index, depth: depth))
    }

    func key(_ value: Value) throws(ChatTemplateError) -> Key {
        if let bytes = value.bytes {
            try spend(reading: bytes.count)
        } else if case .list(let list) = value {
            try spend(list.items.count)
        }
        guard let key = Key(value) else { throw wrong("\(value.kindName) cannot be the key of a mapping") }
        return key
    }

    // MARK: - Output

    /// What is written meanwhile, instead of writing it.
    func captured(_ run: () throws(ChatTemplateError) -> Flow) throws(ChatTemplateError) -> (text: [UInt8], flow: Flow)
    {
        let outer = output
        output = []
        do throws(ChatTemplateError) {
            let flow = try run()
            let text = output
            output = outer
            return (text, flow)
        } catch {
            output = outer
            throw error
        }
    }
}

extension Value {
    /// A value of the caller's, whose depth the JSON reader has bounded.
    init(_ json: JSON) {
        switch json {
        case .null: self = .none
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .integer(value)
        case .number(let value): self = .float(value)
        case .string(let value): self = .string(value)
        case .array(let items):
            let values = items.map { Value($0) }
            self = .list(ListValue(values, isTuple: false, depth: 1 + (values.map(\.depth).max() ?? 0)))
        case .object(let object):
            let values = object.members.map { Value($0.value) }
            var index: [Key: Int] = [:]
            for (number, member) in object.members.enumerated() { index[.string(member.key)] = number }
            self = .map(
                MapValue(
                    keys: object.members.map { .string($0.key) }, values: values, index: index,
                    depth: 1 + (values.map(\.depth).max() ?? 0)))
        }
    }
}
