import Files

/// The identity of a model in a file that was made from it, such as an importance matrix: the digest of the original's
/// weights, where it is known, and a few of its weights.
///
/// Weights survive what makes twins of a model: another container, half precision, padding, and, by their signs and
/// sizes, quantization.
public struct ModelSignature: Sendable, Hashable {
    /// SHA-256 of the weights that the model was made from, in hexadecimal; nil if it is not known.
    public var digest: String?
    /// The sampled weights, matrix by matrix: ``samplesPerTensor`` of each.
    public var samples: [Float]
    /// Whether the samples are of quantized weights.
    public var isQuantized: Bool

    /// The number of weights that are sampled from each matrix.
    public static let samplesPerTensor = 32
    /// The least cosine of the angle between the samples of a matrix and what quantization makes of them; it is above
    /// 0.7 for 1.6 bits, and below this for 19 of 20 pairs of unrelated matrices.
    private static let leastCosine = 0.3
    /// What rounding to bfloat16 and half precision changes, relative to the greatest sample of a matrix.
    private static let greatestRounding: Float = 0x1p-7

    private enum Key {
        static let digest: ByteString = "swage.model.weights.sha256"
        static let samples: ByteString = "swage.model.samples"
        static let isQuantized: ByteString = "swage.model.samples.quantized"
    }

    /// Makes a signature from what is known of a model.
    ///
    /// - Parameters:
    ///   - digest: SHA-256 of the original's weights in hexadecimal, or nil.
    ///   - samples: ``samplesPerTensor`` weights of each matrix, matrix by matrix.
    ///   - isQuantized: Whether the samples are of quantized weights.
    public init(digest: String?, samples: [Float], isQuantized: Bool) {
        self.digest = digest
        self.samples = samples
        self.isQuantized = isQuantized
    }

    /// Reads the signature from a file's metadata; nil if there is none.
    public init?(_ metadata: GGUFMetadata) {
        guard let samples = metadata.floats(Key.samples), let isQuantized = metadata.bool(Key.isQuantized) else {
            return nil
        }
        self.init(digest: metadata.string(Key.digest), samples: samples, isQuantized: isQuantized)
    }

    /// Adds the signature to a file's metadata.
    public func describe(in metadata: inout GGUFMetadata) {
        if let digest { metadata[Key.digest] = .string(ByteString(digest)) }
        metadata[Key.samples] = .array(.float32(samples))
        metadata[Key.isQuantized] = .bool(isQuantized)
    }

    /// Whether two signatures are of one model, in whatever precision it was stored.
    public func isSame(as other: ModelSignature) -> Bool {
        guard samples.count == other.samples.count else { return false }
        let starts = stride(from: 0, to: samples.count, by: Self.samplesPerTensor)
        let pairs = starts.map { start in
            let range = start..<min(samples.count, start + Self.samplesPerTensor)
            return (samples[range], other.samples[range])
        }
        if pairs.allSatisfy(Self.differByRounding) { return true }
        guard isQuantized || other.isQuantized else { return false }
        if let digest, let theirs = other.digest, digest != theirs { return false }
        return pairs.allSatisfy { Self.cosine($0, $1) >= Self.leastCosine }
    }

    private static func differByRounding(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Bool {
        let greatest = a.reduce(0) { max($0, $1.magnitude) }
        return zip(a, b).allSatisfy { ($0 - $1).magnitude <= greatest * greatestRounding }
    }

    /// 1 if one of them is zero.
    private static func cosine(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double {
        var (product, squares, otherSquares) = (0.0, 0.0, 0.0)
        for (x, y) in zip(a, b) {
            product += Double(x) * Double(y)
            squares += Double(x) * Double(x)
            otherSquares += Double(y) * Double(y)
        }
        let norms = (squares * otherSquares).squareRoot()
        return norms > 0 ? product / norms : 1
    }
}
