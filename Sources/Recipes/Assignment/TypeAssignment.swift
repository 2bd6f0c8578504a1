import Tensors

/// The type that a recipe gives to one tensor, and the reason for it.
public struct TypeAssignment: Sendable, Hashable {
    /// The tensor's index in the list that the recipe was applied to.
    public let index: Int
    /// The tensor as it will be stored.
    public let tensor: TensorDescriptor
    /// The type that the tensor has now.
    public let sourceType: TensorType
    /// The reason for the type, in words for people: a rule, an option, an override.
    public let reason: String
    /// The type that was asked for, if the tensor's rows are not whole blocks of it; nil if the type is as asked for.
    public let fallbackFrom: TensorType?
    /// Whether it is refused to encode the tensor without importance.
    public let needsImportance: Bool

    /// The type that the tensor will have.
    public var type: TensorType { tensor.type }
}

/// An assignment as JSON: `tensor`, `shape` (fastest dimension first), `from`, `type`, `reason`, and `fallbackFrom` and
/// `needsImportance` where they apply.
extension TypeAssignment: Codable {
    private enum CodingKeys: String, CodingKey {
        case index, tensor, shape, from, type, reason, fallbackFrom, needsImportance
    }

    /// Decodes an assignment.
    ///
    /// - Throws: `DecodingError` if a field is missing, a type does not exist or the shape does not fit the type.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func type(_ key: CodingKeys) throws -> TensorType? {
            guard let name = try container.decodeIfPresent(String.self, forKey: key) else { return nil }
            guard let type = TensorType(name: name) else {
                throw DecodingError.dataCorruptedError(forKey: key, in: container, debugDescription: "unknown type")
            }
            return type
        }
        func required(_ key: CodingKeys) throws -> TensorType {
            guard let type = try type(key) else {
                throw DecodingError.dataCorruptedError(forKey: key, in: container, debugDescription: "no type")
            }
            return type
        }
        guard let shape = TensorShape(try container.decode([Int].self, forKey: .shape)),
            let tensor = TensorDescriptor(
                name: try container.decode(String.self, forKey: .tensor), shape: shape, type: try required(.type))
        else {
            throw DecodingError.dataCorruptedError(
                forKey: .shape, in: container, debugDescription: "the shape does not fit the type")
        }
        self.tensor = tensor
        index = try container.decode(Int.self, forKey: .index)
        sourceType = try required(.from)
        reason = try container.decode(String.self, forKey: .reason)
        fallbackFrom = try type(.fallbackFrom)
        needsImportance = try container.decodeIfPresent(Bool.self, forKey: .needsImportance) ?? false
    }

    /// Encodes the assignment; types are written by their names.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(index, forKey: .index)
        try container.encode(tensor.name, forKey: .tensor)
        try container.encode(tensor.shape.dimensions, forKey: .shape)
        try container.encode(sourceType.name, forKey: .from)
        try container.encode(type.name, forKey: .type)
        try container.encode(reason, forKey: .reason)
        try container.encodeIfPresent(fallbackFrom?.name, forKey: .fallbackFrom)
        if needsImportance { try container.encode(true, forKey: .needsImportance) }
    }
}
