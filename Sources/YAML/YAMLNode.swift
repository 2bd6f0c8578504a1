/// A value in a YAML document.
package struct YAMLNode: Sendable {
    let document: YAMLDocument
    let index: Int

    private var content: YAMLDocument.Content { document.contents[index] }

    /// The text of a scalar as it is written, whatever type YAML sees in it; nil for lists and mappings.
    package var text: String? {
        guard case .scalar(let text, _) = content else { return nil }
        return text
    }

    /// Whether it is a scalar without quotation marks.
    package var isPlain: Bool {
        guard case .scalar(_, let isPlain) = content else { return false }
        return isPlain
    }

    /// The elements of a list; nil if it is none.
    package var elements: [YAMLNode]? {
        guard case .sequence(let elements) = content else { return nil }
        return elements.map { YAMLNode(document: document, index: $0) }
    }

    /// The keys and values of a mapping, in their order; nil if it is none.
    package var fields: [(key: YAMLNode, value: YAMLNode)]? {
        guard case .mapping(let fields) = content else { return nil }
        return fields.map {
            (YAMLNode(document: document, index: $0.key), YAMLNode(document: document, index: $0.value))
        }
    }

    /// The value of a mapping's key; nil if it has none, or is no mapping.
    package subscript(key: String) -> YAMLNode? { fields?.first { $0.key.text == key }?.value }
}
