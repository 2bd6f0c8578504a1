import Files

/// A value while a template is rendered, as Python has it.
///
/// Namespaces and macros live in the renderer and are numbers here, so that no value can hold itself.
enum Value {
    /// No such variable, attribute or item.
    case undefined(Missing)
    case none
    case bool(Bool)
    case integer(Int)
    case float(Double)
    case string(ByteString)
    /// Text that `safe` or `escape` made, which escapes what is added to it.
    case markup(ByteString)
    case list(ListValue)
    case map(MapValue)
    /// `keys()`, `values()` or `items()` of a mapping.
    case view(MapView)
    case range(RangeValue)
    /// What can be gone through once.
    case iterator(IteratorValue)
    case namespace(Int)
    case loop(LoopState)
    case cycler(CyclerValue)
    case joiner(JoinerValue)
    case callable(Callable)

    static func text(_ string: String) -> Value { .string(ByteString(string)) }

    /// The bytes of a text.
    var bytes: [UInt8]? {
        switch self {
        case .string(let text), .markup(let text): text.bytes
        default: nil
        }
    }

    /// The value as an integer; booleans are integers too.
    var integer: Int? {
        switch self {
        case .integer(let value): value
        case .bool(let value): value ? 1 : 0
        default: nil
        }
    }

    /// The value as a number of any kind.
    var number: Double? {
        if case .float(let value) = self { return value }
        return integer.map(Double.init)
    }

    var isUndefined: Bool {
        if case .undefined = self { true } else { false }
    }

    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .float(let value): value != 0
        case .string(let value), .markup(let value): !value.isEmpty
        case .list(let value): !value.items.isEmpty
        case .map(let value): !value.keys.isEmpty
        case .view(let view): !view.map.keys.isEmpty
        case .range(let range): range.count > 0
        case .iterator, .namespace, .callable, .loop, .cycler, .joiner: true
        }
    }

    /// Levels of values in values.
    var depth: Int {
        switch self {
        case .list(let value): value.depth
        case .map(let value): value.depth
        case .view(let view): view.map.depth + 1
        case .iterator(let iterator): iterator.depth
        case .loop(let loop): loop.depth
        case .cycler(let cycler): cycler.depth
        case .joiner(let joiner): joiner.separator.depth + 1
        case .callable(.method(let receiver, _)): receiver.depth + 1
        default: 0
        }
    }

    var kindName: String {
        switch self {
        case .undefined(let missing): missing.description
        case .none: "none"
        case .bool: "a boolean"
        case .integer, .float: "a number"
        case .string, .markup: "a string"
        case .list(let list): list.isTuple ? "a tuple" : "a list"
        case .map: "a mapping"
        case .view: "a view of a mapping"
        case .range: "a range"
        case .iterator: "an iterator"
        case .namespace: "a namespace"
        case .loop: "a loop"
        case .cycler: "a cycler"
        case .joiner: "a joiner"
        case .callable: "a function"
        }
    }
}

/// What is not there, for messages.
final class Missing: CustomStringConvertible {
    private let name: String
    private let owner: String?
    /// Whether looking at it is refused, not only using it.
    let isUnsafe: Bool

    init(_ name: String, of owner: String? = nil, isUnsafe: Bool = false) {
        self.name = name
        self.owner = owner
        self.isUnsafe = isUnsafe
    }

    var description: String {
        if isUnsafe { return "the method \"\(name)\", which would change a value," }
        return owner.map { "\"\(name)\" of \($0), which is not defined," } ?? "\"\(name)\", which is not defined,"
    }
}

final class ListValue {
    let items: [Value]
    let isTuple: Bool
    let depth: Int

    init(_ items: [Value], isTuple: Bool, depth: Int) {
        self.items = items
        self.isTuple = isTuple
        self.depth = depth
    }
}

/// A mapping that keeps the order of its keys.
final class MapValue {
    let keys: [Value]
    let values: [Value]
    private let index: [Key: Int]
    let depth: Int

    init(keys: [Value], values: [Value], index: [Key: Int], depth: Int) {
        self.keys = keys
        self.values = values
        self.index = index
        self.depth = depth
    }

    subscript(_ key: Key) -> Value? { index[key].map { values[$0] } }
}

/// What a mapping is asked with.
indirect enum Key: Hashable {
    case none
    case integer(Int)
    case float(Double)
    case string(ByteString)
    case tuple([Key])
    case namespace(Int)

    /// Nil for what cannot be a key.
    init?(_ value: Value) {
        switch value {
        case .none: self = .none
        case .bool, .integer: self = .integer(value.integer ?? 0)
        case .float(let number):
            if let whole = Int(exactly: number) { self = .integer(whole) } else { self = .float(number) }
        case .string(let text), .markup(let text): self = .string(text)
        case .list(let list) where list.isTuple:
            var keys: [Key] = []
            for item in list.items {
                guard let key = Key(item) else { return nil }
                keys.append(key)
            }
            self = .tuple(keys)
        case .namespace(let number): self = .namespace(number)
        default: return nil
        }
    }
}

final class MapView {
    enum Part { case keys, values, items }

    let map: MapValue
    let part: Part

    init(_ map: MapValue, _ part: Part) {
        self.map = map
        self.part = part
    }
}

final class RangeValue {
    let start: Int
    let step: Int
    let count: Int
    /// The end as it was asked for.
    let stop: Int

    init(start: Int, stop: Int, step: Int, count: Int) {
        self.start = start
        self.stop = stop
        self.step = step
        self.count = count
    }

    subscript(_ index: Int) -> Int { start + index * step }
}

indirect enum Callable {
    case global(Global)
    /// The number of a macro of the renderer.
    case macro(Int)
    /// A method of a value.
    case method(Value, String)

    enum Global: String, CaseIterable {
        case range
        case dict
        case namespace
        case raiseException = "raise_exception"
        case strftimeNow = "strftime_now"
        case lipsum
        case cycler
        case joiner
    }
}
