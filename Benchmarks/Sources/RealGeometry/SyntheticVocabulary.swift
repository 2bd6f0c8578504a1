import Foundation

/// A tokenizer's vocabulary made as large as a real model's.
enum SyntheticVocabulary {
    struct UnexpectedForm: Error {}

    /// Adds tokens of two Chinese characters, each made by a merge of its own behind all others, to a `tokenizer.json` as
    /// HuggingFace's library prints it; text is tokenized as before but for such pairs.
    static func fill(_ json: String, to count: Int) throws -> String {
        guard let vocabulary = json.range(of: "\"vocab\": {\n"),
            let vocabularyEnd = json.range(
                of: "\n    },\n    \"merges\": [\n", range: vocabulary.upperBound..<json.endIndex),
            let mergesEnd = json.range(of: "\n    ]\n", options: .backwards)
        else { throw UnexpectedForm() }
        let entries = json[vocabulary.upperBound..<vocabularyEnd.lowerBound].split(separator: "\n")
        let pieces = entries.compactMap { line in
            line.firstIndex(of: "\"").flatMap { start in
                line.lastIndex(of: "\"").map { line[line.index(after: start)..<$0].unicodeScalars.map(\.value) }
            }
        }
        let known = Set(pieces)
        let characters = pieces.filter { $0.count == 1 && (0x4e00..<0xa000).contains($0[0]) }.map { $0[0] }
        var id = pieces.count
        var tokens = ""
        var merges = ""
        // Pairs at growing distance, so that every character is in many of them.
        pairs: for distance in 1..<characters.count {
            for (first, character) in characters.enumerated() {
                guard id < count else { break pairs }
                let other = characters[(first + distance) % characters.count]
                guard !known.contains([character, other]) else { continue }
                let (left, right) = (text(character), text(other))
                tokens += ",\n      \"\(left)\(right)\": \(id)"
                merges += ",\n      [\n        \"\(left)\",\n        \"\(right)\"\n      ]"
                id += 1
            }
        }
        guard id == count else { throw UnexpectedForm() }
        return json[..<vocabularyEnd.lowerBound] + tokens + json[vocabularyEnd.lowerBound..<mergesEnd.lowerBound]
            + merges + json[mergesEnd.lowerBound...]
    }

    private static func text(_ scalar: UInt32) -> String { String(UnicodeScalar(scalar).map(Character.init)!) }
}
