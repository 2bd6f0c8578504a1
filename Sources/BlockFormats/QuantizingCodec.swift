/// A codec whose blocks hold scales and codes; it can choose codes anew, a group of columns at a time.
public protocol QuantizingCodec: BlockCodec {
    /// What the encoder counts as error; a new codec has its type's default.
    var policy: EncodingPolicy { get set }

    /// Columns whose codes are chosen together: the length of a code word, or 1.
    var groupLength: Int { get }

    /// Columns that share a scale of their own within a block.
    var partLength: Int { get }

    /// Whether the number of minus signs in a group is even, so that signs change in pairs only.
    var isSignParityEven: Bool { get }

    /// Multiplies all scales and minima of a block by a positive factor, as near as the format can; formats whose scales
    /// are small numbers alone leave them.
    func multiplyScales(of block: UnsafeMutableRawPointer, by factor: Float)

    /// Moves a part's scale along the scales that the block's factor allows; codes stay as they are.
    ///
    /// - Returns: false, with nothing changed, if there is no such scale.
    func moveScale(ofPart part: Int, by step: ScaleStep, in block: UnsafeMutableRawPointer) -> Bool

    /// Chooses the codes of some columns of a block anew, under the scales that the block has, and decodes them.
    ///
    /// All other codes and all scales stay as they are. Where the format has a choice beside code words that belongs to a
    /// group alone, such as signs or a shift, it is made anew too. Error feedback uses this: a group is encoded after the
    /// errors of the groups before it have been taken off its columns.
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
    /// False: any sign of a group may change without another.
    public var isSignParityEven: Bool { false }
}

/// A move of a part's scale and minimum along the small whole numbers that a block stores for its parts.
public struct ScaleStep: Sendable, Hashable {
    /// What is added to the whole number of the part's scale.
    public var scale: Int
    /// What is added to the whole number of the part's minimum. In formats that have a shift in its place, an odd
    /// number turns the shift's sign.
    public var offset: Int

    /// A move by the given numbers of steps; without arguments, none.
    public init(scale: Int = 0, offset: Int = 0) {
        self.scale = scale
        self.offset = offset
    }
}
