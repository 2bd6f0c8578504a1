import ByteJSON
import Files
import Tensors

/// The fields of one object of a recipe file, read with errors that say where, what was found and what was expected.
struct RecipeFields {
    /// Such as `rules[3].when`; empty for the whole file.
    let place: String
    private let object: JSONObject

    /// - Parameter known: the fields that the object may have.
    init(_ json: JSON, place: String, known: [String]) throws(RecipeError) {
        guard let object = json.object else { throw Self.unexpected(json, "an object", place: place) }
        self.place = place
        self.object = object
        for name in names where !known.contains(name) {
            throw RecipeError(.unknownField(Self.quotable(name), known: known), place: place.isEmpty ? nil : place)
        }
    }

    var names: [String] { object.members.map(\.key.description) }

    func place(of field: String) -> String { place.isEmpty ? field : "\(place).\(field)" }

    func value(_ field: String) -> JSON? { object[ByteString(field)] }

    func required(_ field: String, expected: String) throws(RecipeError) -> JSON {
        guard let value = value(field) else {
            throw RecipeError(.missingField(field, expected: expected), place: place.isEmpty ? nil : place)
        }
        return value
    }

    func text(_ field: String, expected: String) throws(RecipeError) -> String {
        try Self.text(required(field, expected: expected), expected: expected, place: place(of: field))
    }

    func flag(_ field: String) throws(RecipeError) -> Bool {
        let value = try required(field, expected: "true or false")
        guard let flag = value.bool else { throw Self.unexpected(value, "true or false", place: place(of: field)) }
        return flag
    }

    func integer(_ field: String, in range: ClosedRange<Int>, expected: String) throws(RecipeError) -> Int {
        let value = try required(field, expected: expected)
        guard let number = value.integer, range.contains(number) else {
            throw Self.unexpected(value, expected, place: place(of: field))
        }
        return number
    }

    /// - Returns: nil if the field is missing.
    func choice(_ field: String, of choices: [String]) throws(RecipeError) -> String? {
        guard let value = value(field) else { return nil }
        guard let choice = choices.first(where: { $0 == value.string }) else {
            throw Self.unexpected(value, "one of " + choices.joined(separator: ", "), place: place(of: field))
        }
        return choice
    }

    /// - Returns: nil if the field is missing.
    func list<Element>(
        _ field: String, expected: String, element: (JSON, _ place: String) throws(RecipeError) -> Element
    ) throws(RecipeError) -> [Element]? {
        guard let value = value(field) else { return nil }
        guard let array = value.array else { throw Self.unexpected(value, expected, place: place(of: field)) }
        var elements: [Element] = []
        for (number, value) in array.enumerated() {
            elements.append(try element(value, "\(place(of: field))[\(number)]"))
        }
        return elements
    }

    /// A text that can be shown on a line.
    static func text(_ value: JSON, expected: String, place: String) throws(RecipeError) -> String {
        guard let text = value.string, !text.isEmpty, text.utf8.allSatisfy({ $0 >= 32 && $0 != 127 }) else {
            throw unexpected(value, expected, place: place)
        }
        return text
    }

    /// A type that weights can have.
    static func type(_ value: JSON, place: String) throws(RecipeError) -> TensorType {
        let types = TensorType.allCases.filter(\.holdsWeights)
        guard let name = value.string, let type = TensorType(name: name), type.holdsWeights else {
            throw unexpected(value, "one of " + types.map(\.name).joined(separator: ", "), place: place)
        }
        return type
    }

    static func unexpected(_ value: JSON, _ expected: String, place: String) -> RecipeError {
        RecipeError(
            .malformedRecipe(found: description(of: value), expected: expected), place: place.isEmpty ? nil : place)
    }

    private static func description(of value: JSON) -> String {
        switch value {
        case .null: "null"
        case .bool(let flag): "\(flag)"
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        case .string(let text): "\"\(quotable(text.description))\""
        case .array(let elements): "a list of \(elements.count)"
        case .object(let object): "an object of \(object.count) fields"
        }
    }

    /// A short text without what would upset a terminal.
    private static func quotable(_ text: String) -> String {
        let limit = 60
        let shown = String(
            text.unicodeScalars.prefix(limit).map {
                $0.properties.isPatternWhitespace && $0 != " " || $0.value < 32 || $0.value == 127 ? " " : Character($0)
            })
        return text.unicodeScalars.count > limit ? shown + "…" : shown
    }
}

extension TensorType {
    /// Whether weights can be stored so: every type but whole numbers and doubles.
    fileprivate var holdsWeights: Bool {
        switch self {
        case .i8, .i16, .i32, .i64, .f64: false
        default: true
        }
    }
}

extension ReadableFile {
    /// The bytes of a file that people write, refused if it is too long for that.
    static func recipeBytes(of path: String) throws -> [UInt8] {
        let file = try ReadableFile(path: path)
        guard file.byteCount <= RecipeError.fileByteLimit else {
            throw RecipeError(.tooLong(byteCount: file.byteCount), file: path)
        }
        return try file.contents(limit: .recipe)
    }
}
