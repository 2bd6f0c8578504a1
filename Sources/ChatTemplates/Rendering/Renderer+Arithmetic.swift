import Files
import Foundation

extension Renderer {
    func compute(_ op: Operator, _ a: Value, _ b: Value) throws(ChatTemplateError) -> Value {
        if let x = a.integer, let y = b.integer { return try compute(op, x, y) }
        if let x = a.number, let y = b.number { return try compute(op, x, y) }
        switch op {
        case .add: return try add(a, b)
        case .multiply:
            if let count = b.integer { return try repeated(a, count) }
            if let count = a.integer { return try repeated(b, count) }
        case .remainder:
            if let bytes = a.bytes { return try string(try formatted(bytes, with: b), like: a) }
        default: break
        }
        throw unsuitable(op, a, b)
    }

    private func unsuitable(_ op: Operator, _ a: Value, _ b: Value) -> ChatTemplateError {
        if a.isUndefined || b.isUndefined { return wrong("\((a.isUndefined ? a : b).kindName) is computed with") }
        return wrong("\"\(op.rawValue)\" is used with \(a.kindName) and \(b.kindName)")
    }

    private func add(_ a: Value, _ b: Value) throws(ChatTemplateError) -> Value {
        switch (a, b) {
        case (.markup(let x), .markup(let y)): return try string(x.bytes + y.bytes, like: a)
        case (.markup(let x), .string(let y)): return try string(x.bytes + escaped(y.bytes), like: a)
        case (.string(let x), .markup(let y)): return try string(escaped(x.bytes) + y.bytes, like: b)
        case (.string(let x), .string(let y)):
            try spend(making: x.count + y.count)
            return .string(ByteString(x.bytes + y.bytes))
        case (.list(let x), .list(let y)) where x.isTuple == y.isTuple:
            try spend(items: x.items.count + y.items.count)
            return .list(
                ListValue(x.items + y.items, isTuple: x.isTuple, depth: max(x.depth, y.depth)))
        default: throw unsuitable(.add, a, b)
        }
    }

    private func repeated(_ value: Value, _ count: Int) throws(ChatTemplateError) -> Value {
        let count = max(count, 0)
        if let bytes = value.bytes {
            let (length, overflow) = bytes.count.multipliedReportingOverflow(by: count)
            try spend(making: overflow ? Limits.bytes : length)
            let text = ByteString(Array(repeatElement(bytes, count: count).joined()))
            if case .markup = value { return .markup(text) }
            return .string(text)
        }
        if case .list(let list) = value {
            let (length, overflow) = list.items.count.multipliedReportingOverflow(by: count)
            try spend(items: overflow ? Limits.bytes : length)
            return .list(
                ListValue(
                    Array(repeatElement(list.items, count: count).joined()), isTuple: list.isTuple, depth: list.depth))
        }
        throw unsuitable(.multiply, value, .integer(count))
    }

    private func compute(_ op: Operator, _ x: Int, _ y: Int) throws(ChatTemplateError) -> Value {
        switch op {
        case .add: return try checked(x.addingReportingOverflow(y))
        case .subtract: return try checked(x.subtractingReportingOverflow(y))
        case .multiply: return try checked(x.multipliedReportingOverflow(by: y))
        case .divide:
            guard y != 0 else { throw divisionByZero }
            return .float(Double(x) / Double(y))
        case .floorDivide:
            guard y != 0 else { throw divisionByZero }
            let (quotient, overflow) = x.dividedReportingOverflow(by: y)
            return try checked((quotient - (x % y != 0 && (x < 0) != (y < 0) ? 1 : 0), overflow))
        case .remainder:
            guard y != 0 else { throw divisionByZero }
            guard y != -1 else { return .integer(0) }
            let remainder = x % y
            return .integer(remainder != 0 && (remainder < 0) != (y < 0) ? remainder + y : remainder)
        case .power:
            guard y >= 0 else {
                guard x != 0 else { throw divisionByZero }
                return .float(pow(Double(x), Double(y)))
            }
            return try power(x, y)
        }
    }

    private func power(_ x: Int, _ y: Int) throws(ChatTemplateError) -> Value {
        if x == 0 || x == 1 || x == -1 || y == 0 {
            return .integer(y == 0 || x == 1 ? 1 : x == 0 ? 0 : y % 2 == 0 ? 1 : -1)
        }
        guard y < 64 else { throw error(.limit(.integerSize)) }
        var result = Value.integer(1)
        for _ in 0..<y { result = try checked((result.integer ?? 1).multipliedReportingOverflow(by: x)) }
        return result
    }

    private func checked(_ result: (partialValue: Int, overflow: Bool)) throws(ChatTemplateError) -> Value {
        guard !result.overflow else { throw error(.limit(.integerSize)) }
        return .integer(result.partialValue)
    }

    private var divisionByZero: ChatTemplateError { wrong("a number is divided by zero") }

    private func compute(_ op: Operator, _ x: Double, _ y: Double) throws(ChatTemplateError) -> Value {
        switch op {
        case .add: return .float(x + y)
        case .subtract: return .float(x - y)
        case .multiply: return .float(x * y)
        case .divide:
            guard y != 0 else { throw divisionByZero }
            return .float(x / y)
        case .floorDivide:
            guard y != 0 else { throw divisionByZero }
            let remainder = self.remainder(x, y)
            let quotient = (x - remainder) / y
            let floor = quotient.rounded(.down)
            return .float(quotient - floor > 0.5 ? floor + 1 : floor)
        case .remainder:
            guard y != 0 else { throw divisionByZero }
            return .float(remainder(x, y))
        case .power:
            guard !(x < 0 && x.isFinite && y.isFinite && y != y.rounded()) else {
                throw error(.unsupported("a power that is a complex number"))
            }
            let result = pow(x, y)
            guard !(result.isInfinite && x.isFinite && y.isFinite), !(result.isNaN && !x.isNaN && !y.isNaN) else {
                throw wrong("a power is no number")
            }
            return .float(result)
        }
    }

    /// The remainder with the sign of the divisor.
    private func remainder(_ x: Double, _ y: Double) -> Double {
        let remainder = fmod(x, y)
        if remainder == 0 { return y < 0 ? -0.0 : 0.0 }
        return (remainder < 0) != (y < 0) ? remainder + y : remainder
    }

    func escaped(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "&"): text += "&amp;".utf8
            case UInt8(ascii: "<"): text += "&lt;".utf8
            case UInt8(ascii: ">"): text += "&gt;".utf8
            case UInt8(ascii: "'"): text += "&#39;".utf8
            case UInt8(ascii: "\""): text += "&#34;".utf8
            default: text.append(byte)
            }
        }
        return text
    }
}
