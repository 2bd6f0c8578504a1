extension Renderer {
    func run(_ statements: [Statement]) throws(ChatTemplateError) -> Flow {
        for statement in statements {
            try spend(1)
            switch statement {
            case .text(let text): try write(text.bytes)
            case .output(let expressions):
                for expression in expressions { try write(try text(of: try evaluate(expression))) }
            case .set(let target, let expression): try assign(try evaluate(expression), to: target)
            case .leave: return .leave
            case .next: return .next
            default:
                let flow = try nested { () throws(ChatTemplateError) in try runBlock(statement) }
                if flow != .end { return flow }
            }
        }
        return .end
    }

    func write(_ bytes: [UInt8]) throws(ChatTemplateError) {
        try spend(making: bytes.count)
        output += bytes
    }

    private func runBlock(_ statement: Statement) throws(ChatTemplateError) -> Flow {
        switch statement {
        case .condition(let branches, let otherwise):
            for branch in branches where try evaluate(branch.test).isTrue { return try run(branch.body) }
            return try run(otherwise)
        case .loop(let loop): return try run(loop)
        case .macro(let macro):
            try spend(making: 512)
            macros.append((macro, scope))
            scope.values[macro.name.id] = .callable(.macro(macros.count - 1))
            return .end
        case .scope(let body):
            return try scoped { () throws(ChatTemplateError) in try run(body) }
        case .setBlock, .filterBlock, .callBlock, .with: return try runCapturing(statement)
        case .unsupported(let construct, let place): throw ChatTemplateError(.unsupported(construct), at: place)
        case .text, .output, .set, .leave, .next: return .end
        }
    }

    private func runCapturing(_ statement: Statement) throws(ChatTemplateError) -> Flow {
        switch statement {
        case .setBlock(let target, let filter, let body):
            let (text, flow) = try capturedScope(body)
            guard flow == .end else { return flow }
            var value = try string(text)
            if let filter { value = try evaluate(filter, ofBlock: value) }
            try assign(value, to: target)
        case .filterBlock(let filter, let body):
            let (text, flow) = try capturedScope(body)
            guard flow == .end else { return flow }
            try write(try self.text(of: try evaluate(filter, ofBlock: try string(text))))
        case .with(let values, let body):
            var evaluated: [Value] = []
            for value in values { evaluated.append(try evaluate(value.value)) }
            return try scoped { () throws(ChatTemplateError) in
                for (value, item) in zip(values, evaluated) { try assign(item, to: value.target) }
                return try run(body)
            }
        case .callBlock(let call, let caller):
            guard case .call(let function, let arguments) = call.form else { return .end }
            let target = try evaluate(function)
            var given = try evaluate(arguments)
            try spend(making: 512)
            macros.append((caller, scope))
            given.keywords.append(("caller", .callable(.macro(macros.count - 1))))
            place = call.place
            try write(try text(of: try self.call(target, given)))
        default: break
        }
        return .end
    }

    private func capturedScope(_ body: [Statement]) throws(ChatTemplateError) -> (text: [UInt8], flow: Flow) {
        try captured { () throws(ChatTemplateError) in
            try scoped { () throws(ChatTemplateError) in try run(body) }
        }
    }
}
