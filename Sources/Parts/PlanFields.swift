import ByteJSON
import Files

/// The members of an object of a file that was made to be read by a program: all of them are needed, and others are refused.
struct PlanFields {
    private let object: JSONObject
    private let path: String
    /// Such as `parts[3]`; empty for the whole file.
    private let place: String

    init(_ json: JSON, _ names: [String], path: String, place: String = "") throws(PlanError) {
        (self.path, self.place) = (path, place)
        guard let object = json.object else {
            throw PlanError(.malformed(expected: "an object"), path: path, place: place.isEmpty ? nil : place)
        }
        self.object = object
        for member in object.members where !names.contains(member.key.description) {
            throw error("one of \(names.joined(separator: ", "))", at: String(member.key.description.prefix(60)))
        }
    }

    func error(_ expected: String, at name: String) -> PlanError {
        PlanError(.malformed(expected: expected), path: path, place: place.isEmpty ? name : "\(place).\(name)")
    }

    /// A text on one line.
    func text(_ name: String) throws(PlanError) -> String {
        guard let text = object[ByteString(name)]?.string, Self.isLine(text) else { throw error("a text", at: name) }
        return text
    }

    func optionalText(_ name: String) throws(PlanError) -> String? {
        if object[ByteString(name)]?.isNull ?? true { nil } else { try text(name) }
    }

    func texts(_ name: String) throws(PlanError) -> [String] {
        try list(name) { value, place throws(PlanError) in
            guard let text = value.string, !text.utf8.contains(0) else { throw error("a text", at: place) }
            return text
        }
    }

    func count(_ name: String, from least: Int = 0) throws(PlanError) -> Int {
        guard let number = object[ByteString(name)]?.integer, number >= least else {
            throw error("a whole number from \(least) on", at: name)
        }
        return number
    }

    func amount(_ name: String) throws(PlanError) -> Double {
        guard let number = object[ByteString(name)]?.double, number.isFinite, number >= 0 else {
            throw error("a number from 0 on", at: name)
        }
        return number
    }

    /// A SHA-256 in hexadecimal.
    func digest(_ name: String) throws(PlanError) -> String {
        let text = try text(name)
        guard text.utf8.count == 64, text.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
            throw error("64 hexadecimal digits", at: name)
        }
        return text
    }

    func list<Element>(
        _ name: String, _ element: (_ value: JSON, _ place: String) throws(PlanError) -> Element
    ) throws(PlanError) -> [Element] {
        guard let array = object[ByteString(name)]?.array else { throw error("a list", at: name) }
        var elements: [Element] = []
        for (number, value) in array.enumerated() { elements.append(try element(value, "\(name)[\(number)]")) }
        return elements
    }

    private static func isLine(_ text: String) -> Bool { text.utf8.allSatisfy { $0 >= 32 && $0 != 127 } }
}
