/// The bytes that each token stands for.
struct TokenDecoder: Sendable {
    private struct Flags: OptionSet {
        var rawValue: UInt8
        /// One byte of a character that has no token of its own.
        static let byte = Flags(rawValue: 1)
        static let special = Flags(rawValue: 2)
    }

    /// How bytes that are not valid UTF-8 are read as text.
    enum Repair: Sendable {
        /// Each byte of a run of byte tokens that is not valid as a whole becomes U+FFFD.
        case runsOfByteTokens
        /// The text as a whole is repaired: what could have begun a character becomes one U+FFFD.
        case wholeText
    }

    /// What becomes of spaces at the beginning of a text.
    enum LeadingSpaces: Sendable {
        case keeps
        /// One is dropped: the text was encoded with a space before it.
        case dropsOne
        /// All that are in the first token are dropped.
        case dropsThoseOfFirstToken
    }

    private let repair: Repair
    private let leadingSpaces: LeadingSpaces
    private var bytes: [UInt8] = []
    private var ends: [Int] = [0]
    private var flags: [Flags] = []

    init(repair: Repair = .runsOfByteTokens, leadingSpaces: LeadingSpaces = .keeps) {
        self.repair = repair
        self.leadingSpaces = leadingSpaces
    }

    var count: Int { flags.count }

    mutating func append(_ piece: [UInt8], isSpecial: Bool) {
        bytes += piece
        ends.append(bytes.count)
        flags.append(isSpecial ? .special : [])
    }

    mutating func append(byte: UInt8) {
        append([byte], isSpecial: false)
        flags[flags.count - 1] = .byte
    }

    /// The bytes of a token; none for a special one if those are skipped.
    func bytes(of id: TokenID, skipSpecials: Bool) throws(TokenizationError) -> ArraySlice<UInt8> {
        guard id >= 0, id < count else { throw TokenizationError(.invalidTokenID(id, count: count)) }
        let index = Int(id)
        return skipSpecials && flags[index].contains(.special) ? [] : bytes[ends[index]..<ends[index + 1]]
    }

    /// The text of `ids` as HuggingFace tokenizers gives it.
    func text(of ids: some Sequence<TokenID>, skipSpecials: Bool) throws(TokenizationError) -> String {
        if repair == .wholeText {
            var text: [UInt8] = []
            for id in ids { text += try bytes(of: id, skipSpecials: skipSpecials) }
            return String(decoding: text, as: UTF8.self)
        }
        var text: [UInt8] = []
        var run: [UInt8] = []
        func endRun() {
            if run.withUnsafeBufferPointer(UTF8Sequence.isValid) {
                text += run
            } else {
                for _ in run { text += "\u{fffd}".utf8 }
            }
            run.removeAll(keepingCapacity: true)
        }
        var isFirst = true
        for id in ids {
            let piece = try bytes(of: id, skipSpecials: skipSpecials)
            if skipSpecials, flags[Int(id)].contains(.special) { continue }
            if flags[Int(id)].contains(.byte) {
                run += piece
            } else {
                endRun()
                text += isFirst && leadingSpaces == .dropsThoseOfFirstToken ? piece.filter { $0 != 0x20 }[...] : piece
            }
            isFirst = false
        }
        endRun()
        if leadingSpaces == .dropsOne, text.first == 0x20 { text.removeFirst() }
        return String(decoding: text, as: UTF8.self)
    }
}
