/// Unicode's normalization form C, as HuggingFace's NFC has it.
struct CanonicalComposition: Sendable {
    private struct Pair: Hashable {
        var first: UInt32
        var second: UInt32
    }

    static let shared = CanonicalComposition()

    private var decompositions: [UInt32: [UInt32]] = [:]
    private var compositions: [Pair: UInt32] = [:]
    private var classes: [UInt32: UInt32] = [:]
    /// Characters that stay as they are and do not compose with the one before.
    private var isInert = [Bool](repeating: true, count: 0x110000)

    private init() {
        typealias Tables = CanonicalCompositionTables
        var composites: [UInt32] = []
        var place = 0
        while place < Tables.decompositions.count {
            let (scalar, length) = (Tables.decompositions[place], Tables.decompositions[place + 1])
            let count = Int(length & 0xf)
            decompositions[scalar] = Array(Tables.decompositions[place + 2..<place + 2 + count])
            if length > 0xf { composites.append(scalar) } else { isInert[Int(scalar)] = false }
            place += 2 + count
        }
        // What a long decomposition begins with is a composite that a shorter one makes.
        let parts = composites.map { ($0, decompositions[$0] ?? []) }.sorted { $0.1.count < $1.1.count }
        for (composite, scalars) in parts {
            guard let second = scalars.last else { continue }
            var first = scalars[0]
            for scalar in scalars.dropFirst().dropLast() { first = composed(first, scalar) ?? first }
            compositions[Pair(first: first, second: second)] = composite
            isInert[Int(second)] = false
        }
        for place in stride(from: 0, to: CombiningClassTables.ranges.count, by: 3) {
            for scalar in CombiningClassTables.ranges[place]...CombiningClassTables.ranges[place + 1] {
                classes[scalar] = CombiningClassTables.ranges[place + 2]
                isInert[Int(scalar)] = false
            }
        }
        for scalar in Hangul.vowels { isInert[Int(scalar)] = false }
        for scalar in Hangul.tails { isInert[Int(scalar)] = false }
    }

    /// The text in form C; nil if it is that already.
    /// - Parameter text: valid UTF-8.
    func normalized(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        // Nothing below U+0300 changes or combines.
        guard text.contains(where: { $0 >= 0xcc }) else { return nil }
        var result: [UInt8] = []
        var copied = 0
        var starter = 0
        var position = 0
        while position < text.count {
            let (scalar, length) = Self.character(text, at: position)
            guard !isInert[Int(scalar)] else {
                starter = position
                position += length
                continue
            }
            // The character before may compose with this one.
            var scalars: [UInt32] = []
            var end = starter
            while end < text.count {
                let (scalar, length) = Self.character(text, at: end)
                if end > position, isInert[Int(scalar)] { break }
                scalars.append(scalar)
                end += length
            }
            result += text[copied..<starter]
            for scalar in composed(decomposed(scalars)) {
                if let scalar = UnicodeScalar(scalar) { result += UTF8.encode(scalar).map { Array($0) } ?? [] }
            }
            (copied, starter, position) = (end, end, end)
        }
        guard copied > 0 else { return nil }
        return result + text[copied...]
    }

    private static func character(_ text: UnsafeBufferPointer<UInt8>, at position: Int) -> (UInt32, Int) {
        guard
            case .character(let length, let scalar) = UTF8Sequence(
                text.baseAddress! + position, count: text.count - position)
        else { return (0, 1) }
        return (scalar, length)
    }

    private func decomposed(_ scalars: [UInt32]) -> [UInt32] {
        var result: [UInt32] = []
        for scalar in scalars {
            if Hangul.syllables.contains(scalar) {
                result += Hangul.decomposed(scalar)
            } else {
                result += decompositions[scalar] ?? [scalar]
            }
        }
        // Marks in a row are sorted by their classes, those of one class keep their order.
        var start = 0
        while start < result.count {
            guard classes[result[start]] != nil else {
                start += 1
                continue
            }
            let end = result[start...].firstIndex { classes[$0] == nil } ?? result.count
            let marks = result[start..<end].enumerated().sorted {
                let (a, b) = (classes[$0.element] ?? 0, classes[$1.element] ?? 0)
                return a != b ? a < b : $0.offset < $1.offset
            }
            result.replaceSubrange(start..<end, with: marks.map(\.element))
            start = end
        }
        return result
    }

    private func composed(_ scalars: [UInt32]) -> [UInt32] {
        var result: [UInt32] = []
        var starter: Int?
        var lastClass: UInt32 = 0
        for scalar in scalars {
            let scalarClass = classes[scalar] ?? 0
            if let starter {
                // Nothing of the same or a higher class may be between the two.
                let isNext = result.count == starter + 1
                if isNext || lastClass != 0 && lastClass < scalarClass,
                    let composed = composed(result[starter], scalar)
                {
                    result[starter] = composed
                    continue
                }
            }
            if scalarClass == 0 { starter = result.count }
            lastClass = scalarClass
            result.append(scalar)
        }
        return result
    }

    private func composed(_ first: UInt32, _ second: UInt32) -> UInt32? {
        Hangul.composed(first, second) ?? compositions[Pair(first: first, second: second)]
    }
}

/// Korean syllables, which are composed by calculation (Unicode, section 3.12).
private enum Hangul {
    static let syllables: ClosedRange<UInt32> = 0xac00...0xd7a3
    static let leads: ClosedRange<UInt32> = 0x1100...0x1112
    static let vowels: ClosedRange<UInt32> = 0x1161...0x1175
    static let tails: ClosedRange<UInt32> = 0x11a8...0x11c2

    static func decomposed(_ syllable: UInt32) -> [UInt32] {
        let index = syllable - syllables.lowerBound
        let parts = [leads.lowerBound + index / 588, vowels.lowerBound + index % 588 / 28]
        return index % 28 == 0 ? parts : parts + [tails.lowerBound - 1 + index % 28]
    }

    static func composed(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if leads.contains(first), vowels.contains(second) {
            return syllables.lowerBound + (first - leads.lowerBound) * 588 + (second - vowels.lowerBound) * 28
        }
        if syllables.contains(first), (first - syllables.lowerBound) % 28 == 0, tails.contains(second) {
            return first + second - tails.lowerBound + 1
        }
        return nil
    }
}
