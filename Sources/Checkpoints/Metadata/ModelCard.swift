import Files
import FoundationEssentials
import YAML

/// What a model card says in its front matter: the YAML between two lines of `---` at the beginning of `README.md`.
struct ModelCard {
    /// The mapping that it is.
    private let fields: YAMLNode?
    /// Why it could not be read.
    let problem: String?

    /// Longer front matter is not read.
    private static let limit = 1 << 18
    /// More references are not followed: they can stand for any amount of text.
    private static let aliasLimit = 8

    /// The card of a checkpoint; without fields if there is none, or one that cannot be read.
    init(directory: String) {
        do {
            let path = directory + "/README.md"
            guard FileManager.default.fileExists(atPath: path) else {
                self.init(fields: nil, problem: nil)
                return
            }
            let file = try ReadableFile(path: path)
            self.init(beginning: try file.bytes(0..<min(file.byteCount, Self.limit)))
        } catch {
            self.init(fields: nil, problem: "\(error)")
        }
    }

    private init(fields: YAMLNode?, problem: String?) {
        (self.fields, self.problem) = (fields, problem)
    }

    private init(beginning: [UInt8]) {
        let mark = Array("---".utf8)
        let start = beginning.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
        var lines: [ArraySlice<UInt8>] = []
        var isOpen = false
        for line in beginning[start...].split(separator: 0x0a, omittingEmptySubsequences: false) {
            let text = line.reversed().drop { $0 == 0x20 || $0 == 0x0d || $0 == 0x09 }.reversed()
            if Array(text) == mark {
                guard isOpen else {
                    isOpen = true
                    continue
                }
                self.init(yaml: Array(lines.joined(separator: [0x0a])))
                return
            }
            guard isOpen else { break }
            lines.append(line)
        }
        self.init(
            fields: nil,
            problem: isOpen ? "the front matter has no end within \(Self.limit) bytes, a line --- expected" : nil)
    }

    private init(yaml bytes: [UInt8]) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            self.init(fields: nil, problem: "the front matter is not UTF-8")
            return
        }
        guard text.matches(of: /(?:^|[\s\[{,:?-])\*[A-Za-z0-9_]/).count <= Self.aliasLimit else {
            self.init(fields: nil, problem: "the front matter has more than \(Self.aliasLimit) references")
            return
        }
        do {
            // YAML has no tabs there, people do.
            let root = try YAMLDocument(Array(text.replacing("\t", with: "  ").utf8)).root
            let isMapping = root?.fields != nil
            self.init(
                fields: isMapping ? root : nil,
                problem: root == nil || isMapping ? nil : "the front matter is no list of keys")
        } catch {
            self.init(fields: nil, problem: "the front matter is no YAML: \(error)")
        }
    }

    /// The text of the first of `keys` that has one.
    func text(_ keys: String...) -> String? {
        keys.lazy.compactMap { fields?[$0].flatMap(Self.text) }.first
    }

    /// The texts of a list, or the one in its place.
    func texts(_ key: String) -> [String] { nodes(key).compactMap(Self.text) }

    /// What the first of `keys` that is there lists: names, or descriptions by key.
    func sources(_ keys: String...) -> [Source] {
        guard let key = keys.first(where: { fields?[$0] != nil }) else { return [] }
        return nodes(key).prefix(Self.sourceLimit).compactMap { node in
            if let text = Self.text(node) { return .name(text) }
            guard let fields = node.fields else { return nil }
            return .fields(
                fields.compactMap { key, value in
                    guard let key = Self.text(key), let text = Self.text(value) else { return nil }
                    return (key, text)
                })
        }
    }

    /// A model or a set of data that a card names.
    enum Source {
        case name(String)
        case fields([(key: String, text: String)])
    }

    private func nodes(_ key: String) -> [YAMLNode] {
        guard let node = fields?[key] else { return [] }
        return node.elements.map { Array($0.prefix(Self.elementLimit)) } ?? [node]
    }

    /// The most elements of a list that are taken.
    private static let elementLimit = 4096
    /// The most models, or sets of data, that are taken.
    private static let sourceLimit = 256

    /// The text of a scalar as it is written, whatever type YAML sees in it: `no` is Norwegian, 1.0 a version.
    private static func text(_ node: YAMLNode) -> String? {
        guard let text = node.text, !text.isEmpty else { return nil }
        return node.isPlain && ["~", "null", "Null", "NULL"].contains(text) ? nil : text
    }
}
