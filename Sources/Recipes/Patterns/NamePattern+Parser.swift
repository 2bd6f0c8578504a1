extension NamePattern {
    /// What an expression says.
    indirect enum Node {
        case bytes(ByteSet)
        case sequence([Node])
        case choice([Node])
        /// From `minimum` to `maximum` times; nil for any number.
        case repetition(Node, minimum: Int, maximum: Int?)
        case begin, end
        case wordBoundary
        case ahead(Node, isWanted: Bool)
    }

    /// A reader of ECMAScript's regular expressions over bytes.
    struct Parser {
        /// Why a text is no pattern.
        struct Failure: Error, CustomStringConvertible {
            let description: String

            init(_ description: String) { self.description = description }
        }

        private static let depthLimit = 64
        private static let lengthLimit = 4096

        private let text: [UInt8]
        private var position = 0
        private var depth = 0

        init(_ text: String) throws(Failure) {
            guard text.utf8.count <= Self.lengthLimit else { throw Failure("longer than \(Self.lengthLimit) bytes") }
            try Self.demandSmallEscapes(text)
            self.text = text.utf8.map { ByteSet.letters.contains($0) ? $0 | 0x20 : $0 }
        }

        /// With its letters made small, `\S` would mean `\s`: the opposite.
        private static func demandSmallEscapes(_ text: String) throws(Failure) {
            var isEscaped = false
            for byte in text.utf8 {
                if isEscaped, "BDSW".utf8.contains(byte) {
                    let letter = Character(UnicodeScalar(byte))
                    throw Failure(
                        "llama-quantize makes letters small and would read \"\\\(letter)\" as \"\\\(letter.lowercased())\""
                    )
                }
                isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
            }
        }

        mutating func parse() throws(Failure) -> Node {
            let node = try parseChoice()
            if position < text.count { throw Failure("a \")\" without a \"(\"") }
            return node
        }

        private mutating func parseChoice() throws(Failure) -> Node {
            guard depth < Self.depthLimit else { throw Failure("groups nested deeper than \(Self.depthLimit)") }
            depth += 1
            defer { depth -= 1 }
            var choices: [Node] = []
            repeat { choices.append(try parseSequence()) } while take("|")
            return choices.count == 1 ? choices[0] : .choice(choices)
        }

        private mutating func parseSequence() throws(Failure) -> Node {
            var nodes: [Node] = []
            while let next = peek, next != UInt8(ascii: "|"), next != UInt8(ascii: ")") {
                if let assertion = try parseAssertion() {
                    nodes.append(assertion)
                } else {
                    nodes.append(try parseRepetitions(of: parseAtom()))
                }
            }
            return .sequence(nodes)
        }

        private mutating func parseAssertion() throws(Failure) -> Node? {
            if take("^") { return .begin }
            if take("$") { return .end }
            if take("\\b") { return .wordBoundary }
            for (opening, isWanted) in [("(?=", true), ("(?!", false)] where take(opening) {
                return .ahead(try parseGroup(), isWanted: isWanted)
            }
            return nil
        }

        private mutating func parseGroup() throws(Failure) -> Node {
            let node = try parseChoice()
            guard take(")") else { throw Failure("a \"(\" without a \")\"") }
            return node
        }

        private mutating func parseRepetitions(of atom: Node) throws(Failure) -> Node {
            var node = atom
            while true {
                if take("*") {
                    node = .repetition(node, minimum: 0, maximum: nil)
                } else if take("+") {
                    node = .repetition(node, minimum: 1, maximum: nil)
                } else if take("?") {
                    node = .repetition(node, minimum: 0, maximum: 1)
                } else if take("{") {
                    node = try parseInterval(of: node)
                } else {
                    return node
                }
                // Whether as few as possible are taken makes no difference to whether there is a match.
                _ = take("?")
            }
        }

        private mutating func parseInterval(of node: Node) throws(Failure) -> Node {
            let minimum = try parseNumber()
            var maximum: Int? = minimum
            if take(",") { maximum = peek == UInt8(ascii: "}") ? nil : try parseNumber() }
            guard take("}") else { throw Failure("a \"{\" without a \"}\"") }
            if let maximum, maximum < minimum { throw Failure("{\(minimum),\(maximum)} is no range") }
            return .repetition(node, minimum: minimum, maximum: maximum)
        }

        private mutating func parseNumber() throws(Failure) -> Int {
            var digits = ""
            while let byte = peek, ByteSet.digits.contains(byte) {
                digits.append(Character(UnicodeScalar(byte)))
                position += 1
            }
            guard let number = Int(digits), number <= Compiler.lengthLimit else {
                throw Failure("a number up to \(Compiler.lengthLimit) expected after \"{\"")
            }
            return number
        }

        private mutating func parseAtom() throws(Failure) -> Node {
            if take(".") { return .bytes(.notLineEnds) }
            if take("[") { return .bytes(try parseClass()) }
            if take("(?:") || take("(") {
                if peek == UInt8(ascii: "?") { throw Failure("\"(?\" begins no group that is known here") }
                return try parseGroup()
            }
            if take("\\") { return .bytes(try parseEscape(isInClass: false)) }
            let byte = text[position]
            if "*+?{".utf8.contains(byte) {
                throw Failure("nothing to repeat before \"\(Character(UnicodeScalar(byte)))\"")
            }
            position += 1
            return .bytes(ByteSet(byte...byte))
        }

        private mutating func parseEscape(isInClass: Bool) throws(Failure) -> ByteSet {
            guard let byte = peek else { throw Failure("a \"\\\" at the end") }
            position += 1
            switch byte {
            case UInt8(ascii: "d"): return .digits
            case UInt8(ascii: "s"): return .spaces
            case UInt8(ascii: "w"): return .word
            case UInt8(ascii: "t"): return ByteSet(9...9)
            case UInt8(ascii: "n"): return ByteSet(10...10)
            case UInt8(ascii: "v"): return ByteSet(11...11)
            case UInt8(ascii: "f"): return ByteSet(12...12)
            case UInt8(ascii: "r"): return ByteSet(13...13)
            case UInt8(ascii: "b") where isInClass: return ByteSet(8...8)
            case UInt8(ascii: "0")...UInt8(ascii: "9"): throw Failure("back references are not supported")
            case UInt8(ascii: "c"), UInt8(ascii: "u"), UInt8(ascii: "x"):
                throw Failure("characters by their number are not supported")
            default: return ByteSet(byte...byte)
            }
        }

        /// What stands between brackets.
        private mutating func parseClass() throws(Failure) -> ByteSet {
            let isInverted = take("^")
            var set = ByteSet()
            while !take("]") {
                guard peek != nil else { throw Failure("a \"[\" without a \"]\"") }
                if let named = try parseNamedClass() {
                    set.formUnion(named)
                    continue
                }
                let first = try parseMember()
                guard let low = first.single, peek == UInt8(ascii: "-"), position + 1 < text.count,
                    text[position + 1] != UInt8(ascii: "]")
                else {
                    set.formUnion(first.set)
                    continue
                }
                position += 1
                guard let high = try parseMember().single, low <= high else {
                    throw Failure("a range between brackets ends before it begins")
                }
                set.insert(low...high)
            }
            return isInverted ? set.inverted : set
        }

        /// One byte between brackets, or an escape that stands for several.
        private mutating func parseMember() throws(Failure) -> (set: ByteSet, single: UInt8?) {
            guard let byte = peek else { throw Failure("a \"[\" without a \"]\"") }
            if take("\\") {
                let escaped = peek
                let set = try parseEscape(isInClass: true)
                return (set, escaped.flatMap { set == ByteSet($0...$0) ? $0 : nil })
            }
            position += 1
            return (ByteSet(byte...byte), byte)
        }

        /// `[:digit:]` and its like.
        private mutating func parseNamedClass() throws(Failure) -> ByteSet? {
            if take("[:digit:]") { return .digits }
            if take("[:alpha:]") || take("[:lower:]") { return .letters }
            if take("[:space:]") { return .spaces }
            if take("[:alnum:]") {
                var set = ByteSet.letters
                set.formUnion(.digits)
                return set
            }
            if take("[:") || take("[.") || take("[=") { throw Failure("a class between brackets that is not known") }
            return nil
        }

        private var peek: UInt8? { position < text.count ? text[position] : nil }

        private mutating func take(_ word: String) -> Bool {
            guard peek == word.utf8.first, text[position...].starts(with: word.utf8) else { return false }
            position += word.utf8.count
            return true
        }
    }
}
