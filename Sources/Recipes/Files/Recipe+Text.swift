import ByteJSON
import ModelArchitecture

extension Recipe {
    /// The recipe as JSON, a line for each rule; reading it gives an equal recipe.
    public var json: String {
        /// The name and the value of the condition in a recipe file.
        var fields = [
            "\"version\": \(Self.formatVersion)", "\"name\": \(Self.quoted(name))", "\"fileType\": \(fileType)",
            "\"base\": \(Self.quoted(baseType.name))",
            "\"importanceRequired\": \(Self.list(importanceTypes.map(\.name).sorted()))",
        ]
        let lines = rules.map { "    \($0.json)" }.joined(separator: ",\n")
        fields.append(rules.isEmpty ? "\"rules\": []" : "\"rules\": [\n\(lines)\n  ]")
        return "{\n" + fields.map { "  \($0)" }.joined(separator: ",\n") + "\n}\n"
    }

    fileprivate static func list(_ texts: [String]) -> String {
        "[\(texts.map(quoted).joined(separator: ", "))]"
    }

    fileprivate static func object(_ fields: [(name: String, value: String)]) -> String {
        "{\(fields.map { "\(quoted($0.name)): \($0.value)" }.joined(separator: ", "))}"
    }

    fileprivate static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 32:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension Recipe.Rule {
    fileprivate var json: String {
        var fields: [(name: String, value: String)] = []
        if !roles.isEmpty { fields.append(("roles", Recipe.list(roles.map(\.stem)))) }
        if !names.isEmpty { fields.append(("names", Recipe.list(names.sorted()))) }
        if let pattern { fields.append(("pattern", Recipe.quoted(pattern.text))) }
        if !conditions.isEmpty { fields.append(("when", Recipe.object(conditions.map(\.field)))) }
        fields.append(("type", Recipe.quoted(type?.name ?? Self.asStored)))
        if !reason.isEmpty { fields.append(("reason", Recipe.quoted(reason))) }
        return Recipe.object(fields)
    }
}

extension Recipe.Condition {
    /// Its name and value in a recipe file.
    var field: (name: String, value: String) {
        switch self {
        case .minimumQueryGroupSize(let size): ("queryGroupAtLeast", "\(size)")
        case .minimumExpertCount(let count): ("expertsAtLeast", "\(count)")
        case .expertCount(let count): ("experts", "\(count)")
        case .layerCount(let count): ("layers", "\(count)")
        case .importance(let given): ("importance", "\(given)")
        case .rowLengthIsNoMultiple(let length): ("rowNotMultipleOf", "\(length)")
        case .isStack(let isStack): ("stack", "\(isStack)")
        case .number(let numbering, let stretch):
            ("number", Recipe.object([("by", Recipe.quoted(numbering.rawValue))] + stretch.fields))
        }
    }
}

extension Recipe.Stretch {
    fileprivate var fields: [(name: String, value: String)] {
        switch self {
        case .range(let range):
            (range.lowerBound == 0 ? [] : [("from", "\(range.lowerBound)")]) + [("below", "\(range.upperBound)")]
        case .firstPart(let divisor): [("belowLayersOver", "\(divisor)")]
        case .lastPart(let divisor): [("lastLayersOver", "\(divisor)")]
        case .sensitive: [("part", Recipe.quoted("sensitive"))]
        case .middle: [("part", Recipe.quoted("middle"))]
        }
    }
}
