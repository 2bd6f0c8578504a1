/// The variable `loop` of a loop: it looks no further than it is asked to.
final class LoopState {
    let depth: Int
    /// Levels of recursive loops around this one.
    let nesting: Int
    let loop: CompiledLoop
    /// The variables around a recursive loop.
    let home: Activation?
    private let values: Value
    private var source: IteratorValue
    private var length: Int?
    /// The number of the element, from 0; -1 before the first one.
    private(set) var index = -1
    private(set) var previous: Value?
    private var current: Value?
    private var ahead: Value?
    /// What `changed` was last asked with; nil before.
    var last: Value?

    /// - Parameter depth: more levels than any element may have.
    init(
        _ loop: CompiledLoop, _ values: Value, _ source: IteratorValue, depth: Int, nesting: Int, home: Activation?
    ) {
        self.loop = loop
        self.values = values
        self.source = source
        self.depth = depth
        self.nesting = nesting
        self.home = home
    }

    func next(_ renderer: Renderer) throws(ChatTemplateError) -> Value? {
        guard let item = try peek(renderer) else { return nil }
        (previous, current, ahead) = (current, item, nil)
        index += 1
        return item
    }

    /// The next element; nil if there is none.
    func peek(_ renderer: Renderer) throws(ChatTemplateError) -> Value? {
        if let ahead { return ahead }
        guard let item = try source.next(renderer) else { return nil }
        try check(item, renderer)
        ahead = item
        return item
    }

    /// The number of elements; what has no length is gone through for it.
    func count(_ renderer: Renderer) throws(ChatTemplateError) -> Int {
        if let length { return length }
        if let count = try renderer.count(of: values) {
            length = count
            return count
        }
        var rest: [Value] = []
        while let item = try source.next(renderer) {
            try check(item, renderer)
            try renderer.spend(items: 1)
            rest.append(item)
        }
        source = IteratorValue(rest, depth: depth)
        let count = rest.count + index + 1 + (ahead == nil ? 0 : 1)
        length = count
        return count
    }

    private func check(_ item: Value, _ renderer: Renderer) throws(ChatTemplateError) {
        guard item.depth < depth else { throw renderer.error(.limit(.valueDepth)) }
    }
}
