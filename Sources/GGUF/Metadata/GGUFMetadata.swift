import Files

/// The metadata of a GGUF file: keys and values in their order, each key once.
public struct GGUFMetadata: Sendable, Hashable {
    /// A key and its value.
    public struct Entry: Sendable, Hashable {
        /// The key, which is compared byte by byte.
        public let key: ByteString
        /// The value, of any of the format's types.
        public let value: GGUFValue
    }

    /// The keys and values in the order of the file.
    public private(set) var entries: [Entry] = []
    private var index: [ByteString: Int] = [:]

    /// Makes metadata without keys.
    public init() {}

    /// The number of keys.
    public var count: Int { entries.count }

    /// The value of `key`. A new key goes to the end, a known one keeps its place; nil removes it.
    public subscript(key: ByteString) -> GGUFValue? {
        get { index[key].map { entries[$0].value } }
        set {
            guard let newValue else { return remove(key) }
            let entry = Entry(key: key, value: newValue)
            if let place = index[key] {
                entries[place] = entry
            } else {
                index[key] = entries.count
                entries.append(entry)
            }
        }
    }

    /// Sets the value of `key`, which keeps its place if it is known and goes to the end if not.
    public mutating func set(_ key: ByteString, to value: GGUFValue) { self[key] = value }

    /// Removes `key`, if it is there.
    public mutating func remove(_ key: ByteString) { removeAll { $0 == key } }

    /// Removes the keys for which `isRemoved` returns true; the others keep their order.
    public mutating func removeAll(where isRemoved: (ByteString) throws -> Bool) rethrows {
        try entries.removeAll { try isRemoved($0.key) }
        index = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.key, $0) })
    }

    /// Whether both have the same keys with the same values in the same order.
    public static func == (a: GGUFMetadata, b: GGUFMetadata) -> Bool { a.entries == b.entries }

    /// Hashes keys and values in their order.
    public func hash(into hasher: inout Hasher) { hasher.combine(entries) }
}

/// Values by type: nil if the key is missing or its value is of another kind.
extension GGUFMetadata {
    /// The text of a string value; nil if it is not valid UTF-8.
    public func string(_ key: ByteString) -> String? { self[key]?.string }

    /// The bytes of a string value, UTF-8 or not.
    public func bytes(_ key: ByteString) -> ByteString? { self[key]?.bytes }

    /// The value of any integer type, if it fits an `Int`.
    public func integer(_ key: ByteString) -> Int? { self[key]?.integer }

    /// The value of any floating-point or integer type, as a double.
    public func double(_ key: ByteString) -> Double? { self[key]?.double }

    /// The truth value of a key; a number is not one.
    public func bool(_ key: ByteString) -> Bool? { self[key]?.bool }

    /// The elements of an array of strings.
    public func strings(_ key: ByteString) -> [ByteString]? { self[key]?.array?.strings }

    /// The elements of a floating-point array; doubles are rounded.
    public func floats(_ key: ByteString) -> [Float]? { self[key]?.array?.floats }

    /// The elements of an integer array of any width, if all fit an `Int`.
    public func integers(_ key: ByteString) -> [Int]? { self[key]?.array?.integers }
}
