/// What the name of a model says, by the rules of gguf-py's `metadata.py` (llama.cpp, October 2026).
struct ModelName: Equatable {
    /// The name without the organization.
    var name: String
    var organization: String?
    var basename: String?
    var finetune: String?
    var version: String?
    var sizeLabel: String?

    private enum Part { case basename, sizeLabel, finetune, version, type }

    /// Longer texts are not taken apart: the hub's names have 96 characters at most.
    private static let byteLimit = 256

    /// - Parameters:
    ///   - id: `NAME` or `ORGANIZATION/NAME`; a text with spaces, or a very long one, is a name without parts.
    ///   - parameterCount: the model's, which sizes in names are compared with.
    init(_ id: String, parameterCount: Int) {
        name = id
        guard id.utf8.count <= Self.byteLimit, !id.contains(" ") else { return }
        if let slash = id.firstIndex(of: "/") {
            name = String(id[id.index(after: slash)...])
            let first = String(id[..<slash])
            organization = first.hasPrefix(".") ? nil : first
        }
        var parts = name.split(separator: "-").map(String.init)
        var kinds = parts.indices.map { Self.kinds(of: &parts[$0], isFirst: $0 == 0, parameterCount) }
        func isNumbered(_ index: Int) -> Bool { parts[index].contains(where: \.isDecimal) }
        if parts.indices.contains(where: { kinds[$0].contains(.sizeLabel) && isNumbered($0) }) {
            for index in parts.indices where parts[index].allSatisfy(\.isLetter) { kinds[index].remove(.sizeLabel) }
        }
        var isStart = true
        for index in parts.indices {
            let beginsWithLetter = parts[index].first?.isLetter == true
            if isStart, kinds[index].contains(.version) || kinds[index].isEmpty && beginsWithLetter {
                kinds[index].insert(.basename)
            } else {
                isStart = false
                if kinds[index].isEmpty { kinds[index].insert(.finetune) }
            }
        }
        for index in parts.indices.reversed() {
            guard kinds[index].contains(.basename), kinds[index].count > 1 else { break }
            kinds[index].remove(.basename)
        }
        func joined(_ isChosen: (Set<Part>) -> Bool) -> String? {
            let chosen = parts.indices.filter { isChosen(kinds[$0]) }.map { parts[$0] }
            return chosen.isEmpty ? nil : chosen.joined(separator: "-")
        }
        finetune = joined { $0.contains(.finetune) }
        version = joined { $0.contains(.version) && !$0.contains(.basename) }
        var sizes: [String] = []
        for index in parts.indices where kinds[index].contains(.sizeLabel) && !sizes.contains(parts[index]) {
            sizes.append(parts[index])
        }
        sizeLabel = sizes.isEmpty ? nil : sizes.joined(separator: "-")
        // A name without any of these is no more than a name.
        guard finetune != nil || version != nil || sizeLabel != nil else { return }
        basename = joined { $0.contains(.basename) }
    }

    /// What a part can be seen to be by itself; sizes and types get their usual spelling.
    private static func kinds(of part: inout String, isFirst: Bool, _ parameterCount: Int) -> Set<Part> {
        if part.wholeMatch(of: versionPattern) != nil { return [.version] }
        if part.wholeMatch(of: typePattern) != nil {
            part = part.uppercased()
            return [.type]
        }
        guard !isFirst else { return [] }
        if part.wholeMatch(of: sizePattern) != nil { return [sizeKind(of: &part, parameterCount)] }
        return part.wholeMatch(of: finetunePattern) == nil ? [] : [.finetune]
    }

    // Expressions are made once, since making them took most of the time of a name. None of them transforms what it finds.
    nonisolated(unsafe) private static let versionPattern = /(v|iter)?[0-9]+([.][0-9]+)*/.ignoresCase()
    nonisolated(unsafe) private static let typePattern = /i?q[0-9](_\w)*|b?fp?(16|32)/.ignoresCase()
    nonisolated(unsafe) private static let sizePattern =
        /(([A]|[0-9]+[x])?[0-9]+([._][0-9]+)?[KMBT][0-9]?|small|mini|medium|large|x?xl)/.ignoresCase()
    nonisolated(unsafe) private static let finetunePattern = /chat|instruct|vision|lora/.ignoresCase()
    nonisolated(unsafe) private static let numberPattern = /(v[0-9]+(?:\.[0-9]+)*|[0-9].*)$/

    private static func sizeKind(of part: inout String, _ parameterCount: Int) -> Part {
        var letters = Array(part.replacing("_", with: "."))
        // As in bloom-7b1.
        if let last = letters.last, last.isDecimal {
            letters.replaceSubrange((letters.count - 2)..., with: [".", last, letters[letters.count - 2]])
        }
        if letters.count > 1, letters[letters.count - 2].isDecimal, "kmbt".contains(letters[letters.count - 1]) {
            letters[letters.count - 1] = Character(letters[letters.count - 1].uppercased())
        }
        part = String(letters)
        let units: [Character: Double] = ["K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12]
        guard let unit = units[letters[letters.count - 1]], let number = Double(String(letters.dropLast())) else {
            return .sizeLabel
        }
        // Far from the model's size it is likely the length of its context.
        guard abs(number * unit - Double(parameterCount)) > Double(7 * parameterCount / 8) else { return .sizeLabel }
        part = String(letters.dropLast()) + letters[letters.count - 1].lowercased()
        return .finetune
    }

    /// The name as a title: words with large first letters, unless they are versions or not all small.
    static func title(_ name: String) -> String {
        guard name.utf8.count <= byteLimit else { return name }
        return name.replacing("-", with: " ").split(whereSeparator: \.isWhitespace).map { word in
            let isSmall = word.contains(where: \.isLowercase) && !word.contains(where: \.isUppercase)
            let isVersion = word.prefixMatch(of: numberPattern) != nil
            guard isSmall, !isVersion else { return String(word) }
            var isInWord = false
            return word.reduce(into: "") { title, letter in
                title += isInWord || !letter.isLetter ? String(letter) : letter.uppercased()
                isInWord = letter.isLetter
            }
        }.joined(separator: " ")
    }
}

extension Character {
    fileprivate var isDecimal: Bool { isASCII && isNumber }
}
