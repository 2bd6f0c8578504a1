/// What the splitting patterns match, by hand: each regular expression is given where it is followed.
extension ClassifiedText {
    /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
    @inline(__always)
    func gpt2Word(at start: Int) -> Int? {
        if bytes[start] == UInt8(ascii: "'"), let end = contraction(at: start, caseBits: 0, foldsLongS: false) {
            return end
        }
        let afterSpace = bytes[start] == 0x20 ? start &+ 1 : start
        let (scalarClass, length) = character(at: afterSpace)
        if length > 0, !scalarClass.meets(.space) {
            let next = afterSpace &+ length
            if scalarClass.meets(.letter) { return run(from: next, of: .letter) }
            if scalarClass.meets(.number) { return run(from: next, of: .number) }
            return run(from: next, outside: [.space, .letter, .number])
        }
        return spaces(at: start, uptoLineBreaks: false)
    }

    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*`
    /// `|\s*[\r\n]+|\s+(?!\S)|\s+`, or another number in place of the 3.
    /// - Parameter letters: the classes in place of `\p{L}`, but where it is what words do not begin after.
    @inline(__always)
    func contractionOrWord(
        at start: Int, letters: ScalarClass, numbersAtMost limit: Int, foldsLongS: Bool
    ) -> Int? {
        if bytes[start] == UInt8(ascii: "'"),
            let end = contraction(at: start, caseBits: 0x20, foldsLongS: foldsLongS)
        {
            return end
        }
        let (scalarClass, length) = character(at: start)
        let next = start &+ length
        if scalarClass.meets(letters) { return run(from: next, of: letters) }
        if scalarClass.meets(.number) { return numbers(from: start, atMost: limit) }
        if !isLineBreak(at: start) {
            let end = run(from: next, of: letters)
            if end > next { return end }
        }
        let afterSpace = bytes[start] == 0x20 ? next : start
        if afterSpace < end {
            let signs = run(from: afterSpace, outside: letters.union([.space, .number]))
            if signs > afterSpace { return lineBreaks(from: signs) }
        }
        return spaces(at: start, uptoLineBreaks: true)
    }

    /// `[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*`
    /// `|\s*[\r\n]+|\s+(?!\S)|\s+`
    @inline(__always)
    func deepSeekWord(at start: Int) -> Int? {
        if isSign(bytes[start]) {
            var end = start &+ 1
            while isLetter(byte(at: end)) { end &+= 1 }
            if end > start &+ 1 { return end }
        }
        let (scalarClass, length) = character(at: start)
        let next = start &+ length
        if scalarClass.meets([.letter, .mark]) { return run(from: next, of: [.letter, .mark]) }
        if !isLineBreak(at: start), !scalarClass.meets([.punctuation, .symbol]) {
            let end = run(from: next, of: [.letter, .mark])
            if end > next { return end }
        }
        let afterSpace = bytes[start] == 0x20 ? next : start
        let signs = run(from: afterSpace, of: [.punctuation, .symbol])
        if signs > afterSpace { return lineBreaks(from: signs) }
        return scalarClass.meets(.space) ? spaces(at: start, uptoLineBreaks: true) : nil
    }

    /// Cuts words by the following pattern, with U for `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`, L for
    /// `[\p{Ll}\p{Lm}\p{Lo}\p{M}]` and C for contractions in any case:
    /// `[^\r\n\p{L}\p{N}]?U*L+C?|[^\r\n\p{L}\p{N}]?U+L*C?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*`
    /// `|\s*[\r\n]+|\s+(?!\S)|\s+`, or another number in place of the 3, or without C.
    /// - Parameter members: the classes that words are made of.
    @inline(__always)
    func casedWord(
        at start: Int, members: ScalarClass, numbersAtMost limit: Int, withContractions: Bool, foldsLongS: Bool
    ) -> Int? {
        func afterContraction(_ end: Int) -> Int {
            guard withContractions, byte(at: end) == UInt8(ascii: "'") else { return end }
            return contraction(at: end, caseBits: 0x20, foldsLongS: foldsLongS) ?? end
        }
        let (scalarClass, length) = character(at: start)
        let next = start &+ length
        let mayLead = !scalarClass.meets([.letter, .number]) && !isLineBreak(at: start)
        if mayLead, let end = endOfLowerCase(from: next, members) { return afterContraction(end) }
        if let end = endOfLowerCase(from: start, members) { return afterContraction(end) }
        if mayLead, let end = nonEmpty(next, run(from: next, of: .upper)) { return afterContraction(end) }
        if let end = nonEmpty(start, run(from: start, of: .upper)) { return afterContraction(end) }
        if scalarClass.meets(.number) { return numbers(from: start, atMost: limit) }
        let afterSpace = bytes[start] == 0x20 ? next : start
        let signs = run(from: afterSpace, outside: [.space, .letter, .number])
        if signs > afterSpace { return lineBreaksAndSlashes(from: signs) }
        return spaces(at: start, uptoLineBreaks: true)
    }

    /// `U*L+` at `start`: nil where it does not match. What is in both is given back by `U*` only if it must be.
    @inline(__always)
    private func endOfLowerCase(from start: Int, _ members: ScalarClass) -> Int? {
        var position = start
        var afterCaseless: Int?
        while true {
            let (scalarClass, length) = character(at: position)
            guard scalarClass.meets(members) else { return afterCaseless }
            if scalarClass.meets(.lower) { break }
            position &+= length
            if !scalarClass.meets(.upper) { afterCaseless = position }
        }
        while true {
            let (scalarClass, length) = character(at: position)
            guard scalarClass.meets(members), !scalarClass.meets(.upper) else { return position }
            position &+= length
        }
    }

    /// `\s?` and what `run` finds behind it; nil if that is nothing.
    @inline(__always)
    func afterSpace(at start: Int, _ run: (Int) -> Int) -> Int? {
        let (scalarClass, length) = character(at: start)
        if scalarClass.meets(.space), let end = nonEmpty(start &+ length, run(start &+ length)) { return end }
        return nonEmpty(start, run(start))
    }

    @inline(__always)
    func nonEmpty(_ start: Int, _ end: Int) -> Int? { end > start ? end : nil }

    @inline(__always)
    func numbers(from start: Int, atMost limit: Int) -> Int {
        var position = start
        var count = 0
        while count < limit {
            let (scalarClass, length) = character(at: position)
            guard scalarClass.meets(.number) else { break }
            position &+= length
            count &+= 1
        }
        return position
    }

    /// `[\p{P}\$\+<=>\^~\|]+`
    func punctuationAndSigns(from start: Int) -> Int {
        var position = start
        while position < end {
            let (scalarClass, length) = character(at: position)
            switch bytes[position] {
            case UInt8(ascii: "$"), UInt8(ascii: "+"), UInt8(ascii: "<"), UInt8(ascii: "="), UInt8(ascii: ">"),
                UInt8(ascii: "^"), UInt8(ascii: "~"), UInt8(ascii: "|"):
                break
            default:
                guard scalarClass.meets(.punctuation) else { return position }
            }
            position &+= length
        }
        return position
    }

    /// The place at which the spaces at the end of the text begin.
    func startOfTrailingSpaces(after start: Int) -> Int {
        var position = end
        while position > start {
            var first = position - 1
            while first > start, bytes[first] & 0xc0 == 0x80 { first -= 1 }
            guard character(at: first).scalarClass.meets(.space) else { break }
            position = first
        }
        return position
    }

    /// `\s*[\r\n]+|\s+(?!\S)|\s+`, or without the first part.
    @inline(__always)
    private func spaces(at start: Int, uptoLineBreaks: Bool) -> Int {
        var position = start
        var last = start
        var afterLineBreak = start
        while true {
            let (scalarClass, length) = character(at: position)
            guard scalarClass.meets(.space) else { break }
            last = position
            position &+= length
            if isLineBreak(at: last) { afterLineBreak = position }
        }
        if uptoLineBreaks, afterLineBreak > start { return afterLineBreak }
        // The last space belongs to what follows, unless it is the only one.
        if position == end || last == start { return position }
        return last
    }

    /// `'s|'t|'re|'ve|'m|'ll|'d`
    /// - Parameter caseBits: the bits in which letters may differ from those.
    @inline(__always)
    private func contraction(at start: Int, caseBits: UInt8, foldsLongS: Bool) -> Int? {
        let second = byte(at: start &+ 2) | caseBits
        switch byte(at: start &+ 1) | caseBits {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start &+ 2
        case UInt8(ascii: "r") where second == UInt8(ascii: "e"): return start &+ 3
        case UInt8(ascii: "v") where second == UInt8(ascii: "e"): return start &+ 3
        case UInt8(ascii: "l") where second == UInt8(ascii: "l"): return start &+ 3
        default:
            // The long s in UTF-8.
            return foldsLongS && byte(at: start &+ 1) == 0xc5 && byte(at: start &+ 2) == 0xbf ? start &+ 3 : nil
        }
    }

    @inline(__always)
    private func isLetter(_ byte: UInt8) -> Bool { UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 }

    /// Whether a byte is an ASCII character that is neither a control character, nor a space, letter or digit.
    @inline(__always)
    private func isSign(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x21...0x2f, 0x3a...0x40, 0x5b...0x60, 0x7b...0x7e: true
        default: false
        }
    }
}
