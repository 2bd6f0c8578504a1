/// A value and its standard error; one that is not finite is left out.
package struct Estimate: Codable, Sendable, Hashable {
    /// The value, in the unit of what is estimated.
    package let value: Double?
    /// The standard error of the value, in its unit.
    package let standardError: Double?

    /// An estimate of a mean and its error; what is not finite is left out.
    package init(mean: Double, error: Double) {
        value = mean.isFinite ? mean : nil
        standardError = error.isFinite ? error : nil
    }
}

/// A value, or null: for what is said not to be there.
package struct Nullable<Value: Codable & Sendable & Hashable>: Codable, Sendable, Hashable {
    /// The value; nil for null.
    package let value: Value?

    /// A value, or null for nil.
    package init(_ value: Value?) { self.value = value }

    /// Reads a value or null.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        value = container.decodeNil() ? nil : try container.decode(Value.self)
    }

    /// Writes the value or null.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let value { try container.encode(value) } else { try container.encodeNil() }
    }
}

extension KeyedDecodingContainer {
    /// Tells null from a member that is not there, which the library's own function does not.
    func decodeIfPresent<Value>(_ type: Nullable<Value>.Type, forKey key: Key) throws -> Nullable<Value>? {
        contains(key) ? try decode(type, forKey: key) : nil
    }
}
