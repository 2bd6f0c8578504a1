extension Renderer {
    func run(_ instructions: [Instruction]) throws(ChatTemplateError) -> Flow {
        for instruction in instructions {
            try spend(1)
            switch instruction {
            case .text(let text): try write(text.bytes)
            case .output(let expressions):
                for expression in expressions { try write(try text(of: try evaluate(expression))) }
            case .set(let target, let expression):
                try checkNamespaces(of: target)
                try assign(try evaluate(expression), to: target)
            case .leave: return .leave
            case .next: return .next
            default:
                let flow = try nested { () throws(ChatTemplateError) in try runBlock(instruction) }
                if flow != .end { return flow }
            }
        }
        return .end
    }

    /// A block with its variables, which end with it unless it is left early.
    func run(_ block: Block) throws(ChatTemplateError) -> Flow {
        enter(block)
        let flow = try run(block.body)
        if flow == .end { leave(block) }
        return flow
    }

    func write(_ bytes: [UInt8]) throws(ChatTemplateError) {
        try spend(making: bytes.count)
        output += bytes
    }

    private func runBlock(_ instruction: Instruction) throws(ChatTemplateError) -> Flow {
        switch instruction {
        case .condition(let branches, let otherwise):
            for branch in branches where try isTrue(try evaluate(branch.test)) { return try run(branch.body) }
            return try run(otherwise)
        case .loop(let loop): return try run(loop)
        case .macro(let variable, let function):
            try assign(try makeMacro(function), to: .variable(variable))
            return .end
        case .generation(let function):
            try write(try text(of: try call(function, home: activation, Arguments())))
            return .end
        case .scope(let block): return try run(block)
        case .setBlock, .filterBlock, .callBlock, .with: return try runCapturing(instruction)
        case .unsupported(let construct, let place): throw ChatTemplateError(.unsupported(construct), at: place)
        case .text, .output, .set, .leave, .next: return .end
        }
    }

    private func makeMacro(_ function: Function) throws(ChatTemplateError) -> Value {
        try spend(making: 512)
        macros.append((function, activation))
        return .callable(.macro(macros.count - 1))
    }

    private func runCapturing(_ instruction: Instruction) throws(ChatTemplateError) -> Flow {
        switch instruction {
        case .setBlock(let target, let filter, let block):
            let (value, flow) = try filtered(block, filter)
            guard flow == .end else { return flow }
            try assign(value, to: target)
            leave(block)
        case .filterBlock(let filter, let block):
            let (value, flow) = try filtered(block, filter)
            guard flow == .end else { return flow }
            try write(try text(of: value))
            leave(block)
        case .with(let values, let block):
            enter(block)
            for (target, value) in values { try assign(try evaluate(value), to: target) }
            let flow = try run(block.body)
            if flow == .end { leave(block) }
            return flow
        case .callBlock(let call, let caller):
            guard case .call(let function, let arguments) = call.form else { return .end }
            let macro = try makeMacro(caller)
            let target = try evaluate(function)
            var given = try evaluate(arguments)
            given.keywords.append(("caller", macro))
            place = call.place
            try write(try text(of: try self.call(target, given)))
        default: break
        }
        return .end
    }

    /// The text of a block after the filters, which see the variables of the block.
    private func filtered(
        _ block: Block, _ filter: Expression?
    ) throws(ChatTemplateError) -> (value: Value, flow: Flow) {
        enter(block)
        let (text, flow) = try captured { () throws(ChatTemplateError) in try run(block.body) }
        guard flow == .end else { return (.none, flow) }
        let value = try string(text)
        guard let filter else { return (value, flow) }
        return (try evaluate(filter, ofBlock: value), flow)
    }
}
