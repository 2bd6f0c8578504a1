import ByteJSON

/// What a model is told of beside the messages, for templates that write it.
public struct ConversationMaterial: Sendable {
    /// Schemas of functions, as OpenAI's interface has them; nil if there are none.
    let tools: JSON?
    /// Mappings with what the model is to know; nil if there are none.
    let documents: JSON?

    /// Neither tools nor documents.
    public static let none = ConversationMaterial(tools: nil, documents: nil)

    private init(tools: JSON?, documents: JSON?) {
        self.tools = tools
        self.documents = documents
    }

    /// Reads tools and documents from files.
    ///
    /// - Parameters:
    ///   - toolFile: A JSON array of functions' schemas, as OpenAI's interface has them; nil for none.
    ///   - documentFile: A JSON array of objects, one for each document; nil for none.
    /// - Throws: `FileError`, `JSONError`, or ``ConversationFormatError`` if a file holds something else; each names the file.
    public init(toolFile: String?, documentFile: String?) throws {
        tools = try toolFile.map { try Self.objects(in: $0, each: "a function's schema") }
        documents = try documentFile.map { try Self.objects(in: $0, each: "a document") }
    }

    private static func objects(in file: String, each: String) throws -> JSON {
        let json = try JSON(contentsOf: file, limit: .material)
        guard let array = json.array else {
            throw ConversationFormatError(.notMaterial("a JSON array expected, each element \(each)"), file: file)
        }
        for (index, item) in array.enumerated() where item.object == nil {
            throw ConversationFormatError(
                .notMaterial("element \(index + 1) is no JSON object; \(each) expected"), file: file)
        }
        return json
    }
}
