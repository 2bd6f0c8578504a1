import Files

/// The variables of a function that runs or ran.
final class Activation {
    let parent: Activation?
    /// Nil for those that have no value.
    fileprivate(set) var slots: [Value?]

    init(parent: Activation?, slots: [Value?]) {
        self.parent = parent
        self.slots = slots
    }
}

extension Renderer {
    // MARK: - Functions

    /// Runs with variables of its own.
    func running<Result>(
        in activation: Activation, _ run: () throws(ChatTemplateError) -> Result
    ) throws(ChatTemplateError) -> Result {
        let outer = self.activation
        self.activation = activation
        defer { self.activation = outer }
        return try run()
    }

    func activate(_ slots: [Value?], parent: Activation?) throws(ChatTemplateError) -> Activation {
        try spend(making: 64 + 16 * slots.count)
        let activation = Activation(parent: parent, slots: slots)
        activations.append(activation)
        return activation
    }

    /// Lets go of what may hold itself.
    func end() {
        namespaces = []
        for activation in activations { activation.slots = [] }
        // The last ones first, as each holds the one that it was made in.
        while !activations.isEmpty { activations.removeLast() }
    }

    // MARK: - Blocks

    func enter(_ block: Block) {
        for (slot, load) in block.loads {
            activation.slots[slot] =
                switch load {
                case .context(let name): variables[name.id]
                case .alias(let variable): content(of: variable)
                case .undefined: nil
                }
        }
    }

    func leave(_ block: Block) { for slot in block.slots { activation.slots[slot] = nil } }

    // MARK: - Variables

    func bind(_ slot: Int, to value: Value?) { activation.slots[slot] = value }

    private func content(of variable: Variable) -> Value? {
        var owner = activation
        for _ in 0..<variable.hops { if let parent = owner.parent { owner = parent } }
        return owner.slots[variable.slot]
    }

    func value(of variable: Variable) throws(ChatTemplateError) -> Value {
        guard !isFolding else { throw notConstant }
        if let value = content(of: variable) { return value }
        // Python shows its own mark of what is missing then.
        guard !variable.isParameter else {
            throw error(.unsupported("the variable \"\(variable.name.text)\" here"))
        }
        return .undefined(Missing(variable.name.text))
    }

    func assign(_ value: Value, to target: Assignment) throws(ChatTemplateError) {
        switch target {
        // What is assigned to is always a variable of the function that runs.
        case .variable(let variable): activation.slots[variable.slot] = value
        case .attribute(let variable, let attribute, let place):
            self.place = place
            guard case .namespace(let number)? = content(of: variable) else {
                // jinja2 changes the mapping then.
                if case .map? = content(of: variable) {
                    throw error(.unsupported("setting a member of the mapping \"\(variable.name.text)\""))
                }
                throw wrongNamespace(variable)
            }
            try set(attribute.bytes, of: number, to: value)
        case .tuple(let targets, let place):
            self.place = place
            let items = try items(of: value)
            guard items.count == targets.count else {
                throw wrong("\(targets.count) names are given \(items.count) values")
            }
            for (item, target) in zip(items, targets) { try assign(item, to: target) }
        }
    }

    /// What was assigned to names.
    func value(of target: Assignment) throws(ChatTemplateError) -> Value {
        switch target {
        case .variable(let variable), .attribute(let variable, _, _): return try value(of: variable)
        case .tuple(let targets, _):
            var values: [Value] = []
            for target in targets { values.append(try value(of: target)) }
            return try list(values, isTuple: true)
        }
    }

    /// Refuses attributes of what is no namespace, before the value is computed.
    func checkNamespaces(of target: Assignment) throws(ChatTemplateError) {
        for (variable, place) in target.namespaces {
            self.place = place
            guard case .namespace? = content(of: variable) else { throw wrongNamespace(variable) }
        }
    }

    private func wrongNamespace(_ variable: Variable) -> ChatTemplateError {
        wrong("only attributes of namespaces can be set, and \"\(variable.name.text)\" is none")
    }

    func set(_ name: ByteString, of number: Int, to value: Value) throws(ChatTemplateError) {
        guard name.bytes.first != UInt8(ascii: "_") else {
            throw wrong("a namespace has no attributes that begin with \"_\"")
        }
        if namespaces[number].values.updateValue(value, forKey: name) == nil {
            try spend(making: 48 + name.count)
            namespaces[number].names.append(name)
        }
    }
}
