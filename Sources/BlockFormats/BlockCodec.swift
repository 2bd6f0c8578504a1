import Tensors

/// Decodes and encodes the blocks of one tensor type.
///
/// Codecs are values without state and may be shared by threads; what encoding needs beside the row lives in an
/// ``EncodingScratch`` that belongs to one thread.
public protocol BlockCodec: Sendable {
    /// The type whose blocks this codec reads and writes.
    var type: TensorType { get }

    /// Whether ``encode(_:count:importance:into:scratch:)`` needs an importance vector to give a usable result.
    var requiresImportance: Bool { get }

    /// Decodes `count` elements, a multiple of `type.blockLength`, to exactly the values that ggml decodes them to.
    ///
    /// `source` holds `count / type.blockLength` blocks and needs no alignment. Any bytes are valid blocks; their
    /// scales may be infinite or NaN, and so may then be the values.
    func decode(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutablePointer<Float>)

    /// Encodes one row of `count` elements, a multiple of `type.blockLength`.
    ///
    /// - Parameters:
    ///   - row: Finite values. A value that is not finite never reaches a scale, but what its element becomes is
    ///     unspecified: call `firstNonFinite(_:count:)` first where the row's origin is not known.
    ///   - count: The number of values in the row.
    ///   - importance: One non-negative weight per column, such as the mean square of the column's input, or nil for
    ///     equal weights. Only ratios within a block count; where all weights of a block are zero they count as equal.
    ///   - target: Room for `count / type.blockLength` blocks, without alignment.
    ///   - scratch: Working memory of the calling thread, to be used again for the next row.
    func encode(
        _ row: UnsafePointer<Float>, count: Int, importance: UnsafePointer<Float>?,
        into target: UnsafeMutableRawPointer, scratch: EncodingScratch)
}
