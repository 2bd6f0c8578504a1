import ByteJSON

/// How the pre-tokenizer of a byte-level `tokenizer.json` cuts texts, and what stock llama.cpp calls that.
struct WordPlan {
    let rules: [SplitRule]
    /// Whether text that begins without a space gets one.
    let addsSpacePrefix: Bool
    /// The name that the caller wants.
    private let name: String?

    init(_ definition: TokenizerDefinition) throws(TokenizationError) {
        let components = definition.preTokenizers
        name = definition.preTokenizerName
        var rules: [SplitRule] = []
        var addsSpacePrefix = false
        var unknown: TokenizationError?
        for (index, component) in components.enumerated() {
            switch component.type {
            case "Split":
                guard let rule = try Self.rule(of: component) else {
                    unknown = unknown ?? Self.unknownPattern(component)
                    continue
                }
                rules.append(rule)
            case "Digits":
                try component.allow(["individual_digits"])
                rules.append(.numbers(atMost: component["individual_digits"]?.bool == true ? 1 : nil))
            case "ByteLevel":
                try component.allow(["add_prefix_space", "trim_offsets", "use_regex"])
                guard index == components.count - 1 else {
                    throw component.unsupported("steps after ByteLevel", supported: "ByteLevel as the last step")
                }
                if component["use_regex"]?.bool ?? true { rules.append(.gpt2) }
                addsSpacePrefix = component["add_prefix_space"]?.bool ?? true
                guard !addsSpacePrefix || index == 0 else {
                    throw component.unsupported("add_prefix_space after a split", supported: "false")
                }
            default:
                unknown = unknown ?? component.unsupported(component.type, supported: "Split, Digits, ByteLevel")
            }
        }
        if let name {
            guard let known = PreTokenizers.named(name) else { throw Self.unknownName(name) }
            rules = known.rules
        } else if let unknown {
            throw unknown
        }
        self.rules = rules
        self.addsSpacePrefix = addsSpacePrefix
    }

    private static func rule(of component: TokenizerDefinition.Component) throws(TokenizationError) -> SplitRule? {
        try component.allow(["pattern", "behavior", "invert"])
        guard component["invert"]?.bool != true, component["behavior"]?.string == "Isolated" else {
            throw component.unsupported("another Split", supported: "Split of a Regex, Isolated, not inverted")
        }
        return component["pattern"]?["Regex"]?.bytes.flatMap(SplitRule.init(pattern:))
    }

    private static func unknownPattern(_ component: TokenizerDefinition.Component) -> TokenizationError {
        let pattern = component["pattern"]
        return TokenizationError(
            .unknownSplitPattern(
                part: component.path, pattern?["Regex"]?.bytes ?? pattern?["String"]?.bytes ?? "",
                known: PreTokenizers.names))
    }

    private static func unknownName(_ name: String) -> TokenizationError {
        TokenizationError(
            .unsupported(part: "the pre-tokenizer's name", found: "\"\(name)\"", supported: PreTokenizers.names))
    }

    /// The name that stock llama.cpp has for the same way to cut, and what it does otherwise all the same.
    /// - Parameters:
    ///   - unmade: a token that the merges do not make of its bytes.
    ///   - words: the bytes of all tokens that the merges know.
    func stored(
        ignoresMerges: Bool, unmade: TokenID?, words: [(bytes: [UInt8], id: TokenID)], pieces: PieceTable
    ) throws(TokenizationError) -> (pre: String, conflict: TokenizationError?) {
        func conflict(_ id: TokenID, _ pre: String) -> TokenizationError {
            TokenizationError(.preTokenizerCannotExpress(id, pieces.pieces[Int(id)], pre: pre))
        }
        let prefixConflict =
            addsSpacePrefix
            ? TokenizationError(
                .unsupported(part: "pre_tokenizer", found: "add_prefix_space in GGUF", supported: "false")) : nil
        var candidates = PreTokenizers.all.filter { $0.rules == rules }
        if let name {
            guard let known = PreTokenizers.named(name) else { throw Self.unknownName(name) }
            candidates = [known]
        }
        var joined: TokenID?
        if candidates.isEmpty, rules.last == .numbers(atMost: 1) {
            // DeepSeek-LLM cuts numbers into digits, llama.cpp does not: the same as long as no token has two.
            candidates = PreTokenizers.all.filter { $0.rules == rules.dropLast() + [.numbers(atMost: nil)] }
            joined = words.first { Self.mayJoinNumbers($0.bytes) }?.id
        }
        guard let first = candidates.first else {
            throw TokenizationError(
                .unsupported(
                    part: "pre_tokenizer", found: "\(rules)", supported: "what stock llama.cpp has a name for"))
        }
        let pre = name ?? first.names[0]
        if let joined { return (pre, conflict(joined, pre)) }
        guard let unmade else { return (pre, prefixConflict) }
        if let same = candidates.first(where: { $0.ignoresMerges == ignoresMerges }) {
            return (name ?? same.names[0], prefixConflict)
        }
        return (pre, conflict(unmade, pre))
    }

    /// Whether bytes may span the boundary between two numeric characters.
    private static func mayJoinNumbers(_ bytes: [UInt8]) -> Bool {
        func isBeginning(_ index: Int) -> Bool { bytes[index] & 0xc0 != 0x80 }
        for index in bytes.indices.dropFirst() where isBeginning(index) {
            let start = bytes[..<index].lastIndex { $0 & 0xc0 != 0x80 } ?? 0
            let end = bytes[(index + 1)...].firstIndex { $0 & 0xc0 != 0x80 } ?? bytes.count
            let left = Array(bytes[start..<index])
            guard (isBeginning(start) ? numbers.whole : numbers.ends).contains(left) else { continue }
            if numbers.beginnings.contains(Array(bytes[index..<end])) { return true }
        }
        return false
    }

    /// The numeric characters in UTF-8, with all their beginnings and all their ends.
    private static let numbers: (whole: Set<[UInt8]>, beginnings: Set<[UInt8]>, ends: Set<[UInt8]>) = {
        var result: (whole: Set<[UInt8]>, beginnings: Set<[UInt8]>, ends: Set<[UInt8]>) = ([], [], [])
        let ranges = ScalarClassTables.numbers
        for index in stride(from: 0, to: ranges.count, by: 2) {
            for scalar in (ranges[index]...ranges[index + 1]).compactMap(UnicodeScalar.init) {
                let bytes = Array(String(scalar).utf8)
                result.whole.insert(bytes)
                for count in 1...bytes.count {
                    result.beginnings.insert(Array(bytes.prefix(count)))
                    result.ends.insert(Array(bytes.suffix(count)))
                }
            }
        }
        return result
    }()
}
