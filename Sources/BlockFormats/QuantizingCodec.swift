/// A codec whose blocks hold scales and codes; it can choose codes anew, a group of columns at a time.
public protocol QuantizingCodec: BlockCodec {
    /// The policy of the encoder; a new codec has the default of its type.
    var policy: EncodingPolicy { get set }

    /// The number of columns whose codes are chosen together: the length of a code word, or 1.
    var groupLength: Int { get }

    /// The number of columns of a part, which has a scale of its own within a block.
    var partLength: Int { get }

    /// Whether the number of minus signs in a group is always even, so that signs change in pairs only.
    var isSignParityEven: Bool { get }

    /// Multiplies all scales and minima of a block by a positive factor, as closely as the format can; formats whose
    /// only scales are small whole numbers leave them as they are.
    func multiplyScales(of block: UnsafeMutableRawPointer, by factor: Float)

    /// Moves the scale of a part along the scales that the block's factor allows; codes stay as they are.
    ///
    /// - Returns: false, with nothing changed, if there is no such scale.
    func moveScale(ofPart part: Int, by step: ScaleStep, in block: UnsafeMutableRawPointer) -> Bool

    /// Chooses the codes of some columns of a block anew, under the scales that the block has, and decodes them.
    ///
    /// All other codes and all scales stay as they are. Where the format has a choice beside code words that belongs to
    /// a group alone, such as signs or a shift, it is made anew too. Error feedback uses this: a group is encoded after
    /// the errors of the groups before it have been taken off its columns.
    ///
    /// - Parameters:
    ///   - values: `count` finite values, those of the columns from `column` on.
    ///   - weights: What a squared error costs in each of these columns, non-negative, or nil for equal weights.
    ///   - column: The first column in the block, a multiple of ``groupLength``.
    ///   - count: A multiple of ``groupLength``; the columns do not leave the block.
    ///   - block: An encoded block.
    ///   - decoded: Receives the `count` values that the new codes stand for.
    func encodeGroup(
        _ values: UnsafePointer<Float>, weights: UnsafePointer<Float>?, column: Int, count: Int,
        in block: UnsafeMutableRawPointer, decoded: UnsafeMutablePointer<Float>)
}

extension QuantizingCodec {
    /// False, which is right for formats in which any sign of a group may change without another.
    public var isSignParityEven: Bool { false }
}

/// A move of a part's scale and minimum along the small whole numbers that a block stores for its parts.
public struct ScaleStep: Sendable, Hashable {
    /// The number that is added to the whole number of the part's scale.
    public var scale: Int
    /// The number that is added to the whole number of the part's minimum. In formats that have a shift in its place,
    /// an odd number turns the shift's sign.
    public var offset: Int

    /// Makes a move by numbers of steps; without arguments it moves nothing.
    public init(scale: Int = 0, offset: Int = 0) {
        self.scale = scale
        self.offset = offset
    }
}
