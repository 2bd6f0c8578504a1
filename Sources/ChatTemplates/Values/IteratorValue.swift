/// What makes values when it is asked for them, and each once: Python's generators and iterators.
final class IteratorValue {
    /// What makes the next value; nil after the last one.
    private var make: ((Renderer) throws(ChatTemplateError) -> Value?)?
    let depth: Int
    private var isRunning = false

    /// - Parameters:
    ///   - depth: levels of values, those that it holds included.
    ///   - make: gives the next value, or nil.
    init(depth: Int, _ make: @escaping (Renderer) throws(ChatTemplateError) -> Value?) {
        self.depth = depth
        self.make = make
    }

    /// Makes an iterator over values that are in memory.
    convenience init(_ items: [Value], depth: Int) {
        var index = 0
        self.init(depth: depth) { _ throws(ChatTemplateError) in
            guard index < items.count else { return nil }
            defer { index += 1 }
            return items[index]
        }
    }

    func next(_ renderer: Renderer) throws(ChatTemplateError) -> Value? {
        guard let make else { return nil }
        guard !isRunning else { throw renderer.wrong("an iterator is asked for a value while it makes one") }
        isRunning = true
        defer { isRunning = false }
        let value = try renderer.nested { () throws(ChatTemplateError) in
            try renderer.spend(1)
            return try make(renderer)
        }
        if value == nil { self.make = nil }
        return value
    }
}

extension Renderer {
    /// What makes a value of an element, or nil to leave it out.
    typealias Step = (Renderer, Value) throws(ChatTemplateError) -> Value?

    /// An iterator over values that are there.
    func iterator(_ items: [Value]) throws(ChatTemplateError) -> Value {
        try spend(items: items.count)
        return .iterator(IteratorValue(items, depth: try depth(of: items)))
    }

    /// What goes through a value.
    func iterator(over value: Value) throws(ChatTemplateError) -> IteratorValue {
        switch value {
        case .iterator(let iterator): return iterator
        case .loop(let loop):
            return IteratorValue(depth: loop.depth) { renderer throws(ChatTemplateError) in
                guard let item = try loop.next(renderer) else { return nil }
                return try renderer.list([item, value], isTuple: true)
            }
        default: return IteratorValue(try items(of: value), depth: value.depth)
        }
    }

    /// A generator that makes a value of some elements of another value, and does nothing before it is asked.
    ///
    /// - Parameters:
    ///   - held: what it is given besides.
    ///   - begin: runs before the first element; nil for no element at all.
    func generator(
        over value: Value, holding held: [Value],
        _ begin: @escaping (Renderer) throws(ChatTemplateError) -> Step?
    ) throws(ChatTemplateError) -> Value {
        try spend(making: 128)
        var source: IteratorValue?
        var step: Step?
        let depth = try depth(of: [value] + held)
        return .iterator(
            IteratorValue(depth: depth) { renderer throws(ChatTemplateError) in
                if step == nil {
                    step = try begin(renderer)
                    guard step != nil else { return nil }
                    source = try renderer.iterator(over: value)
                }
                while let item = try source?.next(renderer) {
                    if let made = try step?(renderer, item) { return made }
                }
                return nil
            })
    }
}
