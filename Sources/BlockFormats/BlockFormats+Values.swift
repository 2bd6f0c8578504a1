import Tensors

/// Whole rows from memory that is checked; ``BlockCodec`` has the same over pointers, for loops that allocate nothing.
extension BlockFormats {
    /// Decodes blocks to exactly the values that ggml decodes them to.
    ///
    /// Any bytes are valid blocks, but their scales, and so the values, may be infinite or NaN.
    ///
    /// - Parameters:
    ///   - bytes: Blocks of `type`, one after another: a row of a tensor, or several.
    ///   - type: The type of the tensor that the blocks are from.
    /// - Returns: `type.blockLength` values for each block.
    /// - Throws: ``BlockFormatError`` if there is no codec for `type`, or the bytes are no whole number of its blocks.
    public static func decode(_ bytes: RawSpan, as type: TensorType) throws(BlockFormatError) -> [Float] {
        let (codec, count) = try decoder(of: type, byteCount: bytes.byteCount)
        return bytes.withUnsafeBytes { values(of: $0, codec, count: count) }
    }

    /// Decodes blocks to exactly the values that ggml decodes them to.
    ///
    /// Any bytes are valid blocks, but their scales, and so the values, may be infinite or NaN.
    ///
    /// - Parameters:
    ///   - bytes: Blocks of `type`, one after another: a row of a tensor, or several.
    ///   - type: The type of the tensor that the blocks are from.
    /// - Returns: `type.blockLength` values for each block.
    /// - Throws: ``BlockFormatError`` if there is no codec for `type`, or the bytes are no whole number of its blocks.
    public static func decode(_ bytes: [UInt8], as type: TensorType) throws(BlockFormatError) -> [Float] {
        let (codec, count) = try decoder(of: type, byteCount: bytes.count)
        return bytes.withUnsafeBytes { values(of: $0, codec, count: count) }
    }

    /// Encodes one row of a tensor.
    ///
    /// - Parameters:
    ///   - row: Finite values, a multiple of `type.blockLength` of them.
    ///   - type: The type of the tensor that the row is for.
    ///   - importance: One weight per value, finite and not negative, such as the mean square of the column's input; nil
    ///     for equal weights. Types whose codec has ``BlockCodec/requiresImportance`` lose too much without.
    ///   - policy: What counts as error, in place of what `type` has by default; plain numbers have no such choice.
    ///   - scratch: Working memory, which may be used again for the next row of the same thread.
    /// - Returns: `row.count / type.blockLength` blocks of `type.blockByteCount` bytes.
    /// - Throws: ``BlockFormatError`` if there is no codec for `type`, if the row is no whole number of blocks, or if a
    ///   value or weight is not what it has to be.
    public static func encode(
        _ row: [Float], as type: TensorType, importance: [Float]? = nil, policy: EncodingPolicy? = nil,
        scratch: EncodingScratch = EncodingScratch()
    ) throws(BlockFormatError) -> [UInt8] {
        let found = policy.map { codec(for: type, policy: $0) } ?? codec(for: type)
        guard let codec = found else { throw BlockFormatError(.unsupportedType, type: type) }
        guard row.count.isMultiple(of: type.blockLength) else {
            throw BlockFormatError(.partialBlock(count: row.count), type: type)
        }
        if let index = firstNonFinite(row, count: row.count) {
            throw BlockFormatError(.invalidValue(row[index], index: index), type: type)
        }
        if let importance {
            guard importance.count == row.count else {
                throw BlockFormatError(.importanceCount(found: importance.count, expected: row.count), type: type)
            }
            if let index = importance.firstIndex(where: { !($0 >= 0 && $0.isFinite) }) {
                throw BlockFormatError(.invalidImportance(importance[index], index: index), type: type)
            }
        }
        let byteCount = row.count / type.blockLength * type.blockByteCount
        guard byteCount > 0 else { return [] }
        func encode(_ importance: UnsafePointer<Float>?) -> [UInt8] {
            [UInt8](unsafeUninitializedCapacity: byteCount) { target, initializedCount in
                codec.encode(
                    row, count: row.count, importance: importance, into: target.baseAddress!, scratch: scratch)
                initializedCount = byteCount
            }
        }
        return importance?.withUnsafeBufferPointer { encode($0.baseAddress) } ?? encode(nil)
    }

    /// The codec of a type, and the values that so many bytes of its blocks hold.
    private static func decoder(
        of type: TensorType, byteCount: Int
    ) throws(BlockFormatError) -> (codec: any BlockCodec, count: Int) {
        guard let codec = codec(for: type) else { throw BlockFormatError(.unsupportedType, type: type) }
        guard byteCount.isMultiple(of: type.blockByteCount) else {
            throw BlockFormatError(.partialBytes(byteCount: byteCount), type: type)
        }
        return (codec, byteCount / type.blockByteCount * type.blockLength)
    }

    private static func values(of bytes: UnsafeRawBufferPointer, _ codec: any BlockCodec, count: Int) -> [Float] {
        guard let source = bytes.baseAddress, count > 0 else { return [] }
        return [Float](unsafeUninitializedCapacity: count) { target, initializedCount in
            codec.decode(source, count: count, into: target.baseAddress!)
            initializedCount = count
        }
    }
}
