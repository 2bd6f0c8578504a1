import CYAML

/// Reading by libyaml.
enum YAMLParser {
    /// The nodes of the only document in `bytes`, the root first; none if it is empty.
    static func contents(of bytes: [UInt8]) throws(YAMLDocument.Failure) -> [YAMLDocument.Content] {
        var parser = yaml_parser_t()
        guard yaml_parser_initialize(&parser) == 1 else { throw YAMLDocument.Failure(description: "out of memory") }
        defer { yaml_parser_delete(&parser) }
        return try bytes.withUnsafeBufferPointer { bytes throws(YAMLDocument.Failure) in
            yaml_parser_set_input_string(&parser, bytes.baseAddress, bytes.count)
            let contents = try next(&parser)
            // Behind the last document comes an empty one.
            if !contents.isEmpty {
                guard try next(&parser).isEmpty else {
                    throw YAMLDocument.Failure(description: "more than one document")
                }
            }
            return contents
        }
    }

    /// The nodes of the next document.
    private static func next(_ parser: inout yaml_parser_t) throws(YAMLDocument.Failure) -> [YAMLDocument.Content] {
        var document = yaml_document_t()
        guard yaml_parser_load(&parser, &document) == 1 else { throw failure(of: parser) }
        defer { yaml_document_delete(&document) }
        var contents: [YAMLDocument.Content] = []
        // Nodes are counted from 1, and the root is the first.
        while let node = yaml_document_get_node(&document, Int32(contents.count + 1)) {
            contents.append(content(of: node.pointee))
        }
        return contents
    }

    private static func content(of node: yaml_node_t) -> YAMLDocument.Content {
        switch node.type {
        case YAML_SEQUENCE_NODE:
            let items = node.data.sequence.items
            return .sequence(
                UnsafeBufferPointer(start: items.start, count: items.top - items.start).map { Int($0) - 1 })
        case YAML_MAPPING_NODE:
            let pairs = node.data.mapping.pairs
            return .mapping(
                UnsafeBufferPointer(start: pairs.start, count: pairs.top - pairs.start).map {
                    (Int($0.key) - 1, Int($0.value) - 1)
                })
        default:
            let scalar = node.data.scalar
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            return .scalar(text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
        }
    }

    private static func failure(of parser: yaml_parser_t) -> YAMLDocument.Failure {
        let problem = parser.problem.map { String(cString: $0) } ?? "out of memory"
        let isRead = parser.error != YAML_READER_ERROR
        let place =
            isRead
            ? "line \(parser.problem_mark.line + 1), column \(parser.problem_mark.column + 1)"
            : "byte \(parser.problem_offset)"
        return YAMLDocument.Failure(description: "\(place): \(problem)")
    }
}
