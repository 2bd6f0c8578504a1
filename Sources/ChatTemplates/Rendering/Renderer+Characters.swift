/// Texts as Python's strings: characters are scalars.
extension Renderer {
    /// Bytes of each character.
    func characters(of bytes: [UInt8]) throws(ChatTemplateError) -> [[UInt8]] {
        try spend(making: 48 * bytes.count)
        var characters: [[UInt8]] = []
        var start = 0
        while start < bytes.count {
            var end = start + 1
            while end < bytes.count, bytes[end] & 0xc0 == 0x80 { end += 1 }
            characters.append(Array(bytes[start..<end]))
            start = end
        }
        return characters
    }

    /// The character with a number, which counts from the end if it is negative; nil if there is none.
    func character(_ number: Int, of bytes: [UInt8]) throws(ChatTemplateError) -> [UInt8]? {
        try spend(reading: bytes.count)
        let count = bytes.reduce(0) { $0 + ($1 & 0xc0 == 0x80 ? 0 : 1) }
        let number = number < 0 ? number + count : number
        guard number >= 0, number < count else { return nil }
        var start = 0
        if count == bytes.count {
            start = number
        } else {
            var left = number
            while true {
                if bytes[start] & 0xc0 != 0x80 {
                    if left == 0 { break }
                    left -= 1
                }
                start += 1
            }
        }
        var end = start + 1
        while end < bytes.count, bytes[end] & 0xc0 == 0x80 { end += 1 }
        return Array(bytes[start..<end])
    }

    /// The first place of a part at or after a place; nil if there is none.
    func find(_ part: [UInt8], in bytes: [UInt8], from start: Int) throws(ChatTemplateError) -> Int? {
        guard let first = part.first else { return start <= bytes.count ? start : nil }
        guard bytes.count - start >= part.count else { return nil }
        var work = 0
        for index in start...(bytes.count - part.count) {
            work += 1
            guard bytes[index] == first else { continue }
            var length = 1
            while length < part.count, bytes[index + length] == part[length] { length += 1 }
            if length == part.count {
                try spend(reading: work + length)
                return index
            }
            work += length
            if work > 1 << 16 {
                try spend(reading: work)
                work = 0
            }
        }
        try spend(reading: work)
        return nil
    }

    /// All places of a part that do not overlap, from the first.
    func places(of part: [UInt8], in bytes: [UInt8], atMost limit: Int) throws(ChatTemplateError) -> [Int] {
        var places: [Int] = []
        var start = 0
        while places.count < limit, let place = try find(part, in: bytes, from: start) {
            try spend(making: 16)
            places.append(place)
            start = place + part.count
        }
        return places
    }

    func replaced(
        _ bytes: [UInt8], _ old: [UInt8], with new: [UInt8], atMost limit: Int
    ) throws(ChatTemplateError) -> [UInt8] {
        let limit = limit < 0 ? Int.max : limit
        var result: [UInt8] = []
        if old.isEmpty {
            var left = limit
            for character in try characters(of: bytes) {
                if left > 0 {
                    try spend(making: new.count)
                    result += new
                    left -= 1
                }
                result += character
            }
            if left > 0 { result += new }
            return result
        }
        let places = try places(of: old, in: bytes, atMost: limit)
        let (added, overflow) = new.count.multipliedReportingOverflow(by: places.count)
        try spend(making: overflow ? Limits.bytes : added)
        var start = 0
        for place in places {
            result += bytes[start..<place]
            result += new
            start = place + old.count
        }
        result += bytes[start...]
        return result
    }

    /// The text without some characters at its ends; without white space if none are named.
    func stripped(
        _ value: Value, _ characters: Value?, start: Bool = true, end: Bool = true
    ) throws(ChatTemplateError) -> Value {
        let bytes = try self.bytes(value)
        try spend(reading: bytes.count)
        var set: Set<UnicodeScalar>?
        if let characters, !isNone(characters) {
            let named = try self.bytes(characters)
            try spend(named.count)
            set = Set(String(decoding: named, as: UTF8.self).unicodeScalars)
        }
        func isTaken(_ scalar: UnicodeScalar) -> Bool { set?.contains(scalar) ?? Whitespace.contains(scalar) }
        let scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars
        var (lower, upper) = (scalars.startIndex, scalars.endIndex)
        var work = 0
        while start, lower < upper, isTaken(scalars[lower]) {
            lower = scalars.index(after: lower)
            work += 1
        }
        while end, lower < upper, isTaken(scalars[scalars.index(before: upper)]) {
            upper = scalars.index(before: upper)
            work += 1
        }
        try spend(work)
        return try string(Array(String(scalars[lower..<upper]).utf8), like: value)
    }

    func isNone(_ value: Value) -> Bool {
        if case .none = value { true } else { false }
    }

    /// The text, each character replaced; costs a step for each.
    func mapped(
        _ value: Value, _ change: (UnicodeScalar) -> String
    ) throws(ChatTemplateError) -> Value {
        let bytes = try self.bytes(value)
        try spend(bytes.count)
        var result: [UInt8] = []
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            result += change(scalar).utf8
        }
        return try string(result, like: value)
    }
}
