/// A regular expression that is searched in tensor names, read as llama-quantize reads it.
///
/// The grammar is that of ECMAScript, without back references. Its ASCII letters are made small first, since names have
/// no others: `ATTN_V` finds `attn_v`. Matching takes time in proportion to pattern and name, whatever the pattern.
public struct NamePattern: Sendable, Hashable, CustomStringConvertible {
    /// The expression as it was given.
    public let text: String
    private let program: [Instruction]
    /// The bytes that can begin what is found; nil if nothing or a place can be found.
    private let beginnings: ByteSet?

    /// Parses a regular expression.
    ///
    /// - Throws: ``RecipeError`` if it is malformed or uses what is not supported, with the reason.
    public init(_ text: String) throws(RecipeError) {
        self.text = text
        do throws(Parser.Failure) {
            var parser = try Parser(text)
            program = try Compiler.program(for: parser.parse())
            beginnings = Compiler.beginnings(of: program)
        } catch {
            throw RecipeError(.malformedPattern(text, reason: error.description))
        }
    }

    /// The expression as it was given.
    public var description: String { text }

    /// Whether both were given as the same text; different texts that find the same names are not equal.
    public static func == (a: NamePattern, b: NamePattern) -> Bool { a.text == b.text }

    /// Hashes the expression's text.
    public func hash(into hasher: inout Hasher) { hasher.combine(text) }

    /// Whether the expression is found anywhere in `name`.
    public func finds(_ name: String) -> Bool {
        var search = Search(program: program, beginnings: beginnings, name: Array(name.utf8))
        return search.run(from: 0, at: 0, isAnchored: false)
    }
}

extension NamePattern {
    /// A set of bytes.
    struct ByteSet: Hashable {
        private var words = SIMD4<UInt64>()

        func contains(_ byte: UInt8) -> Bool { words[Int(byte >> 6)] >> UInt64(byte & 63) & 1 == 1 }

        mutating func insert(_ range: ClosedRange<UInt8>) {
            for byte in range { words[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }
        }

        mutating func formUnion(_ other: ByteSet) { words |= other.words }

        var inverted: ByteSet {
            var set = self
            set.words = ~words
            return set
        }

        init(_ ranges: ClosedRange<UInt8>...) { for range in ranges { insert(range) } }

        static let digits = ByteSet(UInt8(ascii: "0")...UInt8(ascii: "9"))
        static let spaces = ByteSet(9...13, 32...32)
        static let letters = ByteSet(UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"))
        static let word: ByteSet = {
            var set = letters
            set.formUnion(digits)
            set.insert(UInt8(ascii: "_")...UInt8(ascii: "_"))
            return set
        }()
        /// What `.` stands for.
        static let notLineEnds = ByteSet(10...10, 13...13).inverted
    }

    /// A step of a search; the next one follows unless it says otherwise.
    enum Instruction {
        case byte(ByteSet)
        /// Both places.
        case split(Int, Int)
        case jump(Int)
        case begin, end
        case wordBoundary
        /// Whether what begins at the place is found at this position.
        case ahead(Int, isWanted: Bool)
        case found
    }

    /// A search that follows all ways through a program at once (Thompson, 1968).
    private struct Search {
        let program: [Instruction]
        let beginnings: ByteSet?
        let name: [UInt8]
        private var aheadResults: [SIMD2<Int>: Bool] = [:]
        /// The number of the moment at which each place was last followed. What is ahead has places of its own, so that one
        /// list serves it too.
        private var visits: [Int]
        private var moment = 0

        init(program: [Instruction], beginnings: ByteSet?, name: [UInt8]) {
            self.program = program
            self.beginnings = beginnings
            self.name = name
            visits = [Int](repeating: 0, count: program.count)
        }

        mutating func run(from start: Int, at position: Int, isAnchored: Bool) -> Bool {
            // The places that are still to be followed, and those that come after the byte.
            var (open, next): ([Int], [Int]) = ([], [])
            for position in position...name.count {
                moment += 1
                let now = moment
                if isAnchored ? open.isEmpty : mayBegin(at: position) { open.append(start) }
                while let place = open.popLast() {
                    if visits[place] == now { continue }
                    visits[place] = now
                    switch program[place] {
                    case .found: return true
                    case .jump(let target): open.append(target)
                    case .split(let first, let second):
                        open.append(second)
                        open.append(first)
                    case .byte(let set):
                        if position < name.count, set.contains(name[position]) { next.append(place + 1) }
                    case let assertion:
                        if holds(assertion, at: position) { open.append(place + 1) }
                    }
                }
                if isAnchored, next.isEmpty { return false }
                swap(&open, &next)
            }
            return false
        }

        private func mayBegin(at position: Int) -> Bool {
            beginnings.map { position < name.count && $0.contains(name[position]) } ?? true
        }

        private mutating func holds(_ assertion: Instruction, at position: Int) -> Bool {
            switch assertion {
            case .begin: position == 0
            case .end: position == name.count
            case .wordBoundary: isWord(position - 1) != isWord(position)
            case .ahead(let start, let isWanted): isAhead(start, position) == isWanted
            case .byte, .split, .jump, .found: true
            }
        }

        private func isWord(_ position: Int) -> Bool {
            name.indices.contains(position) && ByteSet.word.contains(name[position])
        }

        /// Asked once for each place and position, so that nested assertions cost no more than others.
        private mutating func isAhead(_ start: Int, _ position: Int) -> Bool {
            let key = SIMD2(start, position)
            if let known = aheadResults[key] { return known }
            let result = run(from: start, at: position, isAnchored: true)
            aheadResults[key] = result
            return result
        }
    }
}
