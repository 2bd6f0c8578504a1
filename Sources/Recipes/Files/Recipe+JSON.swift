import ByteJSON
import Files
import ModelArchitecture

/// A recipe as JSON, in the form that `Docs/Handbook.docc/Recipes.md` describes.
extension Recipe {
    /// The version of recipe files that is read and written.
    static let formatVersion = 1
    static let ruleCountLimit = 10_000

    /// Reads a recipe file.
    ///
    /// - Throws: ``RecipeError`` or `JSONError` with the file and the place in it, or `FileError`.
    public init(contentsOf path: String) throws {
        try self.init(json: ReadableFile.recipeBytes(of: path), file: path)
    }

    /// Reads a recipe's text.
    ///
    /// Every field is checked and unknown ones are refused, so that no part of a recipe is silently without effect.
    /// - Parameters:
    ///   - json: the text in UTF-8.
    ///   - file: the path that errors name; nil if the text is from no file.
    /// - Throws: ``RecipeError`` or `JSONError`.
    public init(json: [UInt8], file: String? = nil) throws {
        guard json.count <= RecipeError.fileByteLimit else {
            throw RecipeError(.tooLong(byteCount: json.count), file: file)
        }
        do {
            try self.init(fields: RecipeFields(JSON(parsing: json), place: "", known: Self.fields))
        } catch let error as JSONError {
            throw JSONError(kind: error.kind, offset: error.offset, file: file)
        } catch let error as RecipeError {
            throw RecipeError(error.kind, file: file, place: error.place)
        }
    }

    private static let fields = ["version", "name", "fileType", "base", "importanceRequired", "rules"]

    private init(fields: RecipeFields) throws(RecipeError) {
        let version = try fields.integer("version", in: 0...Int.max, expected: "\(Self.formatVersion)")
        guard version == Self.formatVersion else { throw RecipeError(.unknownVersion(version), place: "version") }
        let importance = try fields.list("importanceRequired", expected: "a list of types") {
            value, place throws(RecipeError) in try RecipeFields.type(value, place: place)
        }
        let rules =
            try fields.list("rules", expected: "a list of rules") { value, place throws(RecipeError) in
                try Rule(fields: RecipeFields(value, place: place, known: Rule.fields))
            } ?? []
        guard rules.count <= Self.ruleCountLimit else {
            throw RecipeError(
                .malformedRecipe(found: "\(rules.count)", expected: "at most \(Self.ruleCountLimit) rules"),
                place: "rules")
        }
        let fileType =
            try fields.value("fileType") == nil
            ? nil : fields.integer("fileType", in: 0...Int(UInt32.max), expected: "the number of a file type")
        self.init(
            try fields.text("name", expected: "what the recipe is called"), fileType: fileType.map(UInt32.init),
            base: try RecipeFields.type(
                fields.required("base", expected: "a type"), place: fields.place(of: "base")),
            rules: rules, importanceTypes: importance.map(Set.init) ?? Self.importanceTypes)
    }
}

extension Recipe.Rule {
    static let fields = ["roles", "names", "pattern", "when", "type", "reason"]
    /// The type of tensors that stay as they are.
    static let asStored = "as stored"

    init(fields: RecipeFields) throws(RecipeError) {
        let roles = try fields.list("roles", expected: "a list of roles", element: Self.role) ?? []
        let names: [String] =
            try fields.list("names", expected: "a list of tensors' names") { value, place throws(RecipeError) in
                try RecipeFields.text(value, expected: "a tensor's name", place: place)
            } ?? []
        var pattern: NamePattern?
        if fields.value("pattern") != nil {
            let text = try fields.text("pattern", expected: "a regular expression")
            do {
                pattern = try NamePattern(text)
            } catch {
                throw RecipeError(error.kind, place: fields.place(of: "pattern"))
            }
        }
        var conditions: [Recipe.Condition] = []
        if let when = fields.value("when") {
            let place = fields.place(of: "when")
            let fields = try RecipeFields(when, place: place, known: Recipe.Condition.fields)
            for name in fields.names { conditions.append(try Recipe.Condition(field: name, of: fields)) }
            guard !roles.isEmpty || !conditions.contains(where: \.needsRoles) else {
                throw RecipeError(.missingField("roles", expected: "the roles to number"), place: place)
            }
        }
        let type = try fields.required("type", expected: "a type or \"\(Self.asStored)\"")
        self.init(
            roles: roles, names: Set(names), pattern: pattern, conditions: conditions,
            type: type.string == Self.asStored
                ? nil : try RecipeFields.type(type, place: fields.place(of: "type")),
            reason: try fields.value("reason") == nil ? "" : fields.text("reason", expected: "a text"))
    }

    private static func role(_ value: JSON, place: String) throws(RecipeError) -> TensorRole {
        guard let role = TensorRole.allCases.first(where: { $0.stem == value.string }) else {
            throw RecipeFields.unexpected(
                value, "one of " + TensorRole.allCases.map(\.stem).joined(separator: ", "), place: place)
        }
        return role
    }
}

extension Recipe.Condition {
    static let fields = [
        "queryGroupAtLeast", "expertsAtLeast", "experts", "layers", "importance", "rowNotMultipleOf", "stack", "number",
    ]

    /// Whether the condition counts the tensors of the rule's roles.
    var needsRoles: Bool {
        if case .number(let numbering, _) = self { numbering != .layer } else { false }
    }

    init(field: String, of fields: RecipeFields) throws(RecipeError) {
        func count() throws(RecipeError) -> Int {
            try fields.integer(field, in: 0...Int.max, expected: "a whole number, 0 or more")
        }
        switch field {
        case "queryGroupAtLeast": self = .minimumQueryGroupSize(try count())
        case "expertsAtLeast": self = .minimumExpertCount(try count())
        case "experts": self = .expertCount(try count())
        case "layers": self = .layerCount(try count())
        case "importance": self = .importance(try fields.flag(field))
        case "rowNotMultipleOf":
            self = .rowLengthIsNoMultiple(
                of: try fields.integer(field, in: 1...Int.max, expected: "a whole number, 1 or more"))
        case "stack": self = .isStack(try fields.flag(field))
        default:
            let number = try RecipeFields(
                fields.required(field, expected: "an object"), place: fields.place(of: field), known: Self.numberFields)
            self = .number(
                try number.choice("by", of: Recipe.Numbering.allCases.map(\.rawValue)).flatMap(Recipe.Numbering.init)
                    ?? .layer,
                try Recipe.Stretch(fields: number))
        }
    }

    private static let numberFields = ["by", "from", "below", "belowLayersOver", "lastLayersOver", "part"]
}

extension Recipe.Stretch {
    fileprivate static let parts: KeyValuePairs<String, Recipe.Stretch> = ["sensitive": .sensitive, "middle": .middle]

    fileprivate init(fields: RecipeFields) throws(RecipeError) {
        let ends = ["below", "belowLayersOver", "lastLayersOver", "part"].filter { fields.value($0) != nil }
        guard ends.count == 1, fields.value("from") == nil || ends == ["below"] else {
            throw RecipeError(
                .malformedRecipe(
                    found: fields.names.isEmpty ? "nothing" : fields.names.joined(separator: ", "),
                    expected: "below (and from), belowLayersOver, lastLayersOver or part"), place: fields.place)
        }
        switch ends[0] {
        case "belowLayersOver", "lastLayersOver":
            let divisor = try fields.integer(ends[0], in: 1...Int.max, expected: "a whole number, 1 or more")
            self = ends[0] == "belowLayersOver" ? .firstPart(divisor: divisor) : .lastPart(divisor: divisor)
        case "part":
            let name = try fields.choice("part", of: Self.parts.map(\.key))
            self = Self.parts.first { $0.key == name }?.value ?? .sensitive
        default:
            let start =
                try fields.value("from") == nil
                ? 0 : fields.integer("from", in: 0...Int.max, expected: "a whole number, 0 or more")
            let end = try fields.integer("below", in: start...Int.max, expected: "a whole number, \(start) or more")
            self = .range(start..<end)
        }
    }
}
