import CYAML

/// A YAML document; what stands in it several times by references is stored once.
package struct YAMLDocument: Sendable {
    /// An error: bytes that are no YAML, or a key that stands twice in a mapping.
    package struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        /// What is wrong and in which line, in words.
        package let description: String
    }

    /// The contents of a node, with other nodes by their numbers.
    enum Content: Sendable {
        /// - Parameter isPlain: Whether it has no quotation marks and is no block of text.
        case scalar(String, isPlain: Bool)
        case sequence([Int])
        case mapping([(key: Int, value: Int)])
    }

    /// All nodes; the first is the root.
    let contents: [Content]

    /// The value that the document is; nil if it is empty.
    package var root: YAMLNode? { contents.isEmpty ? nil : YAMLNode(document: self, index: 0) }

    /// Reads a document.
    ///
    /// - Parameter bytes: The text in UTF-8 or UTF-16, one document.
    /// - Throws: ``Failure``.
    package init(_ bytes: [UInt8]) throws(Failure) {
        contents = try YAMLParser.contents(of: bytes)
        for case .mapping(let fields) in contents {
            var keys: Set<String> = []
            for field in fields {
                guard case .scalar(let key, _) = contents[field.key] else { continue }
                guard keys.insert(key).inserted else { throw Failure(description: "the key \(key) stands twice") }
            }
        }
    }
}
