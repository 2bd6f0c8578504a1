/// The bytes that each token stands for.
struct TokenDecoder: Sendable {
    private struct Flags: OptionSet {
        var rawValue: UInt8
        /// One byte of a character that has no token of its own.
        static let byte = Flags(rawValue: 1)
        static let special = Flags(rawValue: 2)
    }

    private var bytes: [UInt8] = []
    private var ends: [Int] = [0]
    private var flags: [Flags] = []

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

    /// The text of `ids` as HuggingFace tokenizers gives it: a run of byte tokens that is not valid UTF-8 as a whole
    /// becomes one U+FFFD for each of its bytes.
    func text(of ids: some Sequence<TokenID>, skipSpecials: Bool) throws(TokenizationError) -> String {
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
        for id in ids {
            let piece = try bytes(of: id, skipSpecials: skipSpecials)
            if flags[Int(id)].contains(.byte) {
                run += piece
            } else if !(skipSpecials && flags[Int(id)].contains(.special)) {
                endRun()
                text += piece
            }
        }
        endRun()
        return String(decoding: text, as: UTF8.self)
    }
}
