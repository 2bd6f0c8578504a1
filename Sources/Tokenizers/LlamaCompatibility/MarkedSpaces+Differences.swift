extension MarkedSpaces {
    /// What stock llama.cpp does otherwise with a `llama` vocabulary, one line each.
    func differencesOfScores(_ pieces: PieceSplit?) -> [String] {
        var differences = prefixDifference.map { [$0] } ?? []
        if !preparation.isEmpty {
            differences.append(
                "normalizer: \(preparation.summary); from a GGUF file stock llama.cpp, and Swage like it, keep all of "
                    + "them: texts that hold such spaces will be other tokens")
        }
        let holdsMarks = pieces?.pieces.contains { $0.bytes.firstRange(of: SpaceMark.bytes) != nil }
        if let pieces, prefix != .none || holdsMarks == true {
            differences.append(
                "pre_tokenizer: tokenizer.json looks for \(pieces.pieces.count) pieces of its own, such as "
                    + "\"\(pieces.pieces[0])\", when spaces are marks and one is put before the text; from a GGUF file "
                    + "stock llama.cpp, and Swage like it, look for them first and put a space before what follows: texts "
                    + "that hold them will be other tokens")
        }
        return differences
    }

    /// What stock llama.cpp does otherwise with a `t5` vocabulary, one line each.
    /// - Parameter joinsWords: whether a piece, or the unknown token, may reach from one word into the next.
    func differencesOfUnigram(_ pieces: PieceSplit?, joinsWords: Bool) -> [String] {
        var differences = prefixDifference.map { [$0] } ?? []
        func add(_ part: String, _ ours: String, _ theirs: String, _ changed: String) {
            differences.append(
                "\(part): tokenizer.json \(ours); from a GGUF file stock llama.cpp, and Swage like it, \(theirs): "
                    + "\(changed) will be other tokens")
        }
        if splitsAtWhitespace {
            differences = []
            add(
                "pre_tokenizer", "cuts texts at all white space and leaves it out", "know spaces alone",
                "texts with other white space")
        } else if !preparation.isEmpty, !removesExtraSpaces {
            differences.append(
                "normalizer: \(preparation.summary); from a GGUF file stock llama.cpp, and Swage like it, keep all of "
                    + "them: texts that hold such spaces will be other tokens")
        } else if prefix == .everyText || prefix == .everyTextBeforeNormalizedTokens
            || prefix == .everyTextBesideRawTokens
        {
            add(
                "normalizer", "puts a space before every text", "put none before texts of nothing but spaces",
                "such texts")
        } else if prefix == .none, removesExtraSpaces {
            add("normalizer", "puts no space before texts", "put one there where they leave out others", "all texts")
        }
        if splits, joinsWords, !splitsAtWhitespace {
            add(
                "pre_tokenizer", "cuts texts before every space", "do not", "texts in which a piece spans such a place")
        }
        if let pieces {
            add(
                "pre_tokenizer",
                "looks for \(pieces.pieces.count) pieces of its own, such as \"\(pieces.pieces[0])\", when spaces are marks",
                "look for them first", "texts that hold them")
        }
        return differences
    }

    /// Whether all spaces but one between words are left out, as SentencePiece's `remove_extra_whitespaces` says.
    var removesExtraSpaces: Bool {
        splitsAtWhitespace
            || preparation.steps.contains(.leavesOutOuterSpaces)
                && preparation.steps.contains { $0 != .leavesOutOuterSpaces }
    }
}

extension TextPreparation {
    fileprivate var summary: String {
        let what = steps.map {
            $0 == .leavesOutOuterSpaces ? "leaves out spaces at both ends" : "takes several spaces for one"
        }
        return "tokenizer.json " + what.joined(separator: " and ")
    }
}
