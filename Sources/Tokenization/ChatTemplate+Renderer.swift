extension ChatTemplate {
    /// Renders statements.
    struct Renderer {
        /// The largest text, in bytes, and the number of statements after which a template is given up.
        private static let textLimit = 1 << 26
        private static let stepLimit = 5_000_000

        private(set) var output = ""
        private var scopes: [[String: Value]]
        private var namespaces: [[String: Value]] = []
        private var steps = 0

        init(variables: [String: Value]) { scopes = [variables] }

        mutating func run(_ statements: [Statement]) throws(ChatTemplateError) {
            for statement in statements {
                switch statement {
                case .text(let text):
                    output += text
                case .output(let expression):
                    let value = try evaluate(expression)
                    guard let text = value.text else {
                        throw ChatTemplateError(.unsupported("writing out \(value.kindName)"), at: expression.place)
                    }
                    output += text
                    try check(output.utf8.count, expression.place)
                case .choice(let branches, let otherwise):
                    try run(try chosen(branches) ?? otherwise)
                case .loop(let variable, let list, let body, let otherwise, let place):
                    try loop(variable, try evaluate(list), body, otherwise, place)
                case .set(let name, let expression):
                    scopes[scopes.count - 1][name] = try evaluate(expression)
                case .setAttribute(let owner, let name, let expression, let place):
                    guard case .namespace(let index) = variable(owner) else {
                        throw ChatTemplateError(.wrongValue("\"\(owner)\" is no namespace"), at: place)
                    }
                    namespaces[index][name] = try evaluate(expression)
                }
            }
        }

        private func check(_ byteCount: Int, _ place: Place) throws(ChatTemplateError) {
            guard byteCount <= Self.textLimit else { throw ChatTemplateError(.tooLarge, at: place) }
        }

        private mutating func chosen(
            _ branches: [(condition: Expression, body: [Statement])]
        ) throws(ChatTemplateError) -> [Statement]? {
            for branch in branches where try evaluate(branch.condition).isTrue { return branch.body }
            return nil
        }

        private mutating func loop(
            _ variable: String, _ value: Value, _ body: [Statement], _ otherwise: [Statement], _ place: Place
        ) throws(ChatTemplateError) {
            let items: [Value]
            switch value {
            case .list(let list): items = list
            case .string(let text): items = text.unicodeScalars.map { .string(String($0)) }
            case .undefined: items = []
            default: throw ChatTemplateError(.wrongValue("\(value.kindName) is no list"), at: place)
            }
            if items.isEmpty { return try run(otherwise) }
            for (index, item) in items.enumerated() {
                steps += 1
                guard steps <= Self.stepLimit else { throw ChatTemplateError(.tooLarge, at: place) }
                let loop: [String: Value] = [
                    "index": .integer(index + 1), "index0": .integer(index), "first": .bool(index == 0),
                    "last": .bool(index == items.count - 1), "length": .integer(items.count),
                    "revindex": .integer(items.count - index), "revindex0": .integer(items.count - index - 1),
                    "previtem": index > 0 ? items[index - 1] : .undefined,
                    "nextitem": index + 1 < items.count ? items[index + 1] : .undefined,
                ]
                scopes.append([variable: item, "loop": .map(loop)])
                defer { scopes.removeLast() }
                try run(body)
            }
        }

        private func variable(_ name: String) -> Value {
            for scope in scopes.reversed() { if let value = scope[name] { return value } }
            return .undefined
        }

        mutating func evaluate(_ expression: Expression) throws(ChatTemplateError) -> Value {
            let place = expression.place
            switch expression.kind {
            case .literal(let value): return value
            case .variable(let name): return variable(name)
            case .list(let items):
                var values: [Value] = []
                for item in items { values.append(try evaluate(item)) }
                return .list(values)
            case .item(let owner, let key): return try item(try evaluate(owner), try evaluate(key), place)
            case .slice(let owner, let start, let end, let step):
                return try slice(
                    try evaluate(owner), try bound(start), try bound(end), try bound(step) ?? 1, place)
            case .not(let value): return .bool(try !evaluate(value).isTrue)
            case .negative(let value):
                guard let number = try evaluate(value).number, number != .min else {
                    throw ChatTemplateError(.wrongValue("not a number"), at: place)
                }
                return .integer(-number)
            case .both(let left, let right):
                let value = try evaluate(left)
                return value.isTrue ? try evaluate(right) : value
            case .either(let left, let right):
                let value = try evaluate(left)
                return value.isTrue ? value : try evaluate(right)
            case .binary(let operation, let left, let right):
                return try binary(operation, try evaluate(left), try evaluate(right), place)
            case .conditional(let value, let condition, let otherwise):
                if try evaluate(condition).isTrue { return try evaluate(value) }
                return if let otherwise { try evaluate(otherwise) } else { .undefined }
            case .test(let test, let value): return .bool(try passes(try evaluate(value), test, place))
            case .filter(let filter, let value, let arguments):
                return try filtered(try evaluate(value), filter, try values(arguments), place)
            case .method(let method, let owner, let arguments):
                return try called(try evaluate(owner), method, try values(arguments), place)
            case .namespace(let members):
                var attributes: [String: Value] = [:]
                for member in members { attributes[member.name] = try evaluate(member.value) }
                guard namespaces.count < Self.stepLimit else { throw ChatTemplateError(.tooLarge, at: place) }
                namespaces.append(attributes)
                return .namespace(namespaces.count - 1)
            case .range(let bounds): return try range(try values(bounds), place)
            case .raise(let message):
                throw ChatTemplateError(.raised(try evaluate(message).text ?? ""), at: place)
            }
        }

        private mutating func values(_ expressions: [Expression]) throws(ChatTemplateError) -> [Value] {
            var values: [Value] = []
            for expression in expressions { values.append(try evaluate(expression)) }
            return values
        }

        private mutating func bound(_ expression: Expression?) throws(ChatTemplateError) -> Int? {
            guard let expression else { return nil }
            let value = try evaluate(expression)
            if case .none = value { return nil }
            guard let number = value.number else {
                throw ChatTemplateError(.wrongValue("\(value.kindName) is no index"), at: expression.place)
            }
            return number
        }

        private func range(_ values: [Value], _ place: Place) throws(ChatTemplateError) -> Value {
            let numbers = values.compactMap(\.number)
            guard numbers.count == values.count, (1...3).contains(numbers.count) else {
                throw ChatTemplateError(.wrongValue("range needs one to three numbers"), at: place)
            }
            let step = numbers.count == 3 ? numbers[2] : 1
            let (start, end) = numbers.count == 1 ? (0, numbers[0]) : (numbers[0], numbers[1])
            guard step != 0, start.magnitude < 1 << 40, end.magnitude < 1 << 40, step.magnitude < 1 << 40,
                (end - start) / step < 1 << 20
            else { throw ChatTemplateError(.tooLarge, at: place) }
            return .list(stride(from: start, to: end, by: step).map { .integer($0) })
        }

        private func item(_ owner: Value, _ key: Value, _ place: Place) throws(ChatTemplateError) -> Value {
            func element(_ count: Int) -> Int? {
                guard let index = key.number else { return nil }
                let place = index < 0 ? index + count : index
                return place >= 0 && place < count ? place : nil
            }
            switch owner {
            case .map(let members):
                guard case .string(let name) = key else { return .undefined }
                return members[name] ?? .undefined
            case .namespace(let index):
                guard case .string(let name) = key else { return .undefined }
                return namespaces[index][name] ?? .undefined
            case .list(let items): return element(items.count).map { items[$0] } ?? .undefined
            case .string(let text):
                let scalars = Array(text.unicodeScalars)
                return element(scalars.count).map { .string(String(scalars[$0])) } ?? .undefined
            case .undefined:
                throw ChatTemplateError(
                    .wrongValue("an undefined value has no \"\(key.text ?? "")\""), at: place)
            case .none, .bool, .integer: return .undefined
            }
        }

        private func slice(
            _ owner: Value, _ start: Int?, _ end: Int?, _ step: Int, _ place: Place
        ) throws(ChatTemplateError) -> Value {
            func indices(_ count: Int) -> [Int] {
                func clamped(_ bound: Int, _ low: Int, _ high: Int) -> Int {
                    Swift.min(Swift.max(bound < 0 ? Swift.max(bound, -count - 1) + count : bound, low), high)
                }
                if step > 0 {
                    return Array(
                        stride(
                            from: start.map { clamped($0, 0, count) } ?? 0,
                            to: end.map { clamped($0, 0, count) } ?? count, by: step))
                }
                return Array(
                    stride(
                        from: start.map { clamped($0, -1, count - 1) } ?? count - 1,
                        to: end.map { clamped($0, -1, count - 1) } ?? -1, by: step))
            }
            guard step != 0, step.magnitude < 1 << 40 else {
                throw ChatTemplateError(.wrongValue("a step of \(step)"), at: place)
            }
            switch owner {
            case .list(let items): return .list(indices(items.count).map { items[$0] })
            case .string(let text):
                let scalars = Array(text.unicodeScalars)
                return .string(String(String.UnicodeScalarView(indices(scalars.count).map { scalars[$0] })))
            default: throw ChatTemplateError(.wrongValue("\(owner.kindName) has no parts"), at: place)
            }
        }

        private func binary(
            _ operation: Operator, _ left: Value, _ right: Value, _ place: Place
        ) throws(ChatTemplateError) -> Value {
            func mismatch() -> ChatTemplateError {
                ChatTemplateError(
                    .wrongValue("\"\(operation.rawValue)\" of \(left.kindName) and \(right.kindName)"), at: place)
            }
            switch operation {
            case .equal: return .bool(left.equals(right))
            case .unequal: return .bool(!left.equals(right))
            case .less, .lessOrEqual, .greater, .greaterOrEqual:
                let order: Int
                if let a = left.number, let b = right.number {
                    order = a < b ? -1 : a > b ? 1 : 0
                } else if case .string(let a) = left, case .string(let b) = right {
                    order =
                        a.utf8.lexicographicallyPrecedes(b.utf8)
                        ? -1 : b.utf8.lexicographicallyPrecedes(a.utf8) ? 1 : 0
                } else {
                    throw mismatch()
                }
                return .bool(
                    operation == .less
                        ? order < 0
                        : operation == .lessOrEqual ? order <= 0 : operation == .greater ? order > 0 : order >= 0)
            case .isIn, .isNotIn:
                let isIn: Bool
                switch (left, right) {
                case (_, .list(let items)): isIn = items.contains { $0.equals(left) }
                case (.string(let key), .map(let members)): isIn = members[key] != nil
                case (.string(let part), .string(let text)): isIn = Text.contains(text, part)
                case (_, .undefined): isIn = false
                default: throw mismatch()
                }
                return .bool(isIn == (operation == .isIn))
            case .concatenate:
                guard let a = left.text, let b = right.text else { throw mismatch() }
                try check(a.utf8.count + b.utf8.count, place)
                return .string(a + b)
            case .add:
                switch (left, right) {
                case (.string(let a), .string(let b)):
                    try check(a.utf8.count + b.utf8.count, place)
                    return .string(a + b)
                case (.list(let a), .list(let b)):
                    guard a.count + b.count <= 1 << 20 else { throw ChatTemplateError(.tooLarge, at: place) }
                    return .list(a + b)
                default: break
                }
                fallthrough
            case .subtract, .multiply, .modulo:
                guard let a = left.number, let b = right.number else { throw mismatch() }
                let (value, overflows) =
                    switch operation {
                    case .add: a.addingReportingOverflow(b)
                    case .subtract: a.subtractingReportingOverflow(b)
                    case .multiply: a.multipliedReportingOverflow(by: b)
                    default: Text.modulo(a, b)
                    }
                guard !overflows else { throw mismatch() }
                return .integer(value)
            }
        }
    }
}
