import Numerics

/// Changes inputs where it is likely to matter: at lengths, at words of a format, at members of objects.
public struct Mutator {
    private let form: InputForm
    private let words: [[UInt8]]
    private let seeds: [[UInt8]]
    private let inputs: [[UInt8]]
    private var random: SeededRandom

    /// A mutator for the inputs of a session; equal seeds give equal changes.
    ///
    /// - Parameter inputs: Inputs to begin with, beside the session's own.
    public init(_ session: FuzzSession, inputs: [[UInt8]] = [], seed: UInt64) {
        form = session.target.form
        words = session.target.words.map { Array($0.utf8) }
        seeds = session.seeds
        self.inputs = session.seeds + inputs
        random = SeededRandom(seed: seed)
    }

    /// One of the inputs to begin with, changed in one place or in several.
    ///
    /// Every second time one of the session's own, most of which are accepted, as others seldom are.
    public mutating func next() -> [UInt8] {
        var bytes = (Bool.random(using: &random) ? seeds : inputs).randomElement(using: &random) ?? []
        for _ in 0..<[1, 1, 1, 2, 4, 8].randomElement(using: &random)! { change(&bytes) }
        return bytes
    }

    /// Changes an input in one place.
    public mutating func change(_ bytes: inout [UInt8]) {
        let isStructural = Bool.random(using: &random)
        switch form {
        case .binary where isStructural: changeNumber(&bytes)
        case .json where isStructural: JSONChange.apply(to: &bytes, &random)
        default: changeBytes(&bytes)
        }
    }

    /// Changes that take no notice of the form.
    private mutating func changeBytes(_ bytes: inout [UInt8]) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        let range = place..<min(bytes.count, place + (1 << Int.random(in: 0...9, using: &random)))
        switch Int.random(in: 0..<8, using: &random) {
        case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1 where place < bytes.count: bytes[place] = .random(in: 0...255, using: &random)
        case 2: bytes.removeSubrange(place...)
        case 3: bytes.removeSubrange(range)
        case 4: bytes.insert(contentsOf: Array(bytes[range]), at: place)
        case 5:
            let other = inputs.randomElement(using: &random) ?? []
            let start = Int.random(in: 0...other.count, using: &random)
            let part = other[start..<min(other.count, start + range.count)]
            bytes.replaceSubrange(place..<min(bytes.count, place + part.count), with: part)
        default:
            guard let word = words.randomElement(using: &random) else { return }
            let end = Bool.random(using: &random) ? place : min(bytes.count, place + word.count)
            bytes.replaceSubrange(place..<end, with: word)
        }
    }

    /// Puts a number that nobody means where a small one is.
    private mutating func changeNumber(_ bytes: inout [UInt8]) {
        let width = [1, 2, 4, 8].randomElement(using: &random)!
        guard bytes.count >= width else { return }
        // What looks like a length or a type is tried first; of large inputs the beginning has most of them.
        let limit = Bool.random(using: &random) ? bytes.count : min(bytes.count, 512)
        var place = 0
        for _ in 0..<32 {
            place = Int.random(in: 0...max(0, limit - width), using: &random)
            let value = bytes[place..<place + width].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            if value > 0, value <= UInt64(bytes.count) { break }
        }
        let value = bytes[place..<place + width].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let changed =
            Bool.random(using: &random)
            ? Self.magicNumbers.randomElement(using: &random)!
            : value &+ UInt64(bitPattern: Int64.random(in: -16...16, using: &random))
        for index in 0..<width { bytes[place + index] = UInt8(truncatingIfNeeded: changed >> (8 * UInt64(index))) }
    }

    private static let magicNumbers: [UInt64] = {
        var numbers: [UInt64] = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 513, 1 << 20, 1 << 24]
        for shift in UInt64(28)...63 {
            let power: UInt64 = 1 << shift
            numbers += [power - 1, power, power + 1]
        }
        return numbers + [.max, .max - 7, .max - 31]
    }()
}
