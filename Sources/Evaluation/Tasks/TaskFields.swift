import ByteJSON
import Files

/// The members of one line's object, read as what a form expects.
struct TaskFields {
    private let object: JSONObject

    init(parsing line: [UInt8]) throws(TaskProblem) {
        let value: JSON
        do throws(JSONError) {
            value = try JSON(parsing: line)
        } catch {
            throw .notJSON("\(error.diagnostic.problem) at its byte \(error.offset)")
        }
        guard let object = value.object else { throw .notJSON("it is no JSON object") }
        self.object = object
    }

    /// The object's keys, as far as a message can show them.
    var keys: [String] {
        object.members.prefix(12).map { String(decoding: $0.key.bytes.prefix(40), as: UTF8.self) }
    }

    func has(_ key: ByteString) -> Bool { object[key].map { !$0.isNull } ?? false }

    func text(_ key: ByteString) throws(TaskProblem) -> String {
        guard let text = try value(key).string else { throw .wrongValue(key: "\(key)", expected: "a text") }
        return text
    }

    /// The member of a key as a list of at least two texts.
    func texts(_ key: ByteString) throws(TaskProblem) -> [String] {
        guard let array = try value(key).array else {
            throw .wrongValue(key: "\(key)", expected: "an array of texts")
        }
        var texts: [String] = []
        for element in array {
            guard let text = element.string else { throw .wrongValue(key: "\(key)", expected: "an array of texts") }
            texts.append(text)
        }
        guard texts.count >= 2 else { throw .tooFewChoices(key: "\(key)", count: texts.count) }
        return texts
    }

    /// A place among `choices`: a number from 0, or a letter.
    func place(_ key: ByteString, in choices: [String]) throws(TaskProblem) -> Int {
        let value = try value(key)
        if let index = value.integer, choices.indices ~= index { return index }
        let letter = value.bytes?.bytes ?? []
        guard letter.count == 1, let index = Self.letters.firstIndex(of: letter[0] & 0xdf), index < choices.count else {
            let last = min(choices.count, Self.letters.count) - 1
            throw .invalidAnswer(
                key: "\(key)", found: Self.shown(value),
                expected: "a number from 0 to \(choices.count - 1), or a letter from A to \(Self.letter(last))")
        }
        // With choices such as B, A, C the letter may mean the place or the text.
        let spelling = String(decoding: letter, as: UTF8.self)
        if let other = choices.firstIndex(where: { $0.stripped == spelling }), other != index {
            throw .ambiguousAnswer(spelling, place: index, text: other)
        }
        return index
    }

    /// A number from `first` on, which may be written as text.
    func number(_ key: ByteString, from first: Int, count: Int) throws(TaskProblem) -> Int {
        let value = try value(key)
        guard let number = value.integer ?? value.string.flatMap({ Int($0) }), first..<first + count ~= number else {
            throw .invalidAnswer(
                key: "\(key)", found: Self.shown(value), expected: "a number from \(first) to \(first + count - 1)")
        }
        return number - first
    }

    private func value(_ key: ByteString) throws(TaskProblem) -> JSON {
        guard let value = object[key] else { throw .missing(key: "\(key)") }
        return value
    }

    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
    static var letterCount: Int { letters.count }

    static func letter(_ index: Int) -> String { String(UnicodeScalar(letters[index])) }

    private static func shown(_ value: JSON) -> String {
        switch value {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let text): String(decoding: text.bytes.prefix(40), as: UTF8.self).debugDescription
        case .array: "an array"
        case .object: "an object"
        }
    }
}
