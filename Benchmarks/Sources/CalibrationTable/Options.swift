import BlockFormats
import ErrorFeedback

/// The command's arguments.
struct Options {
    var llama = ""
    var work = ""
    var models: [String] = []
    var calibration: [String] = []
    var own: [String] = []
    var general: [String] = []
    var types: [String] = []
    var chunks = 8
    /// Windows of each calibration text in turn, the last for all that follow; none for whole texts.
    var calibrationChunks: [Int] = []
    var variants: [Variant] = []

    struct Usage: Error, CustomStringConvertible {
        let description: String
    }

    init(_ arguments: some Sequence<String>) throws {
        var name = ""
        for argument in arguments {
            if argument.hasPrefix("--") {
                name = argument
            } else {
                switch name {
                case "--llama": llama = argument
                case "--work": work = argument
                case "--model": models.append(argument)
                case "--calibration": calibration.append(argument)
                case "--own": own.append(argument)
                case "--general": general.append(argument)
                case "--types": types.append(argument)
                case "--chunks": chunks = Int(argument) ?? chunks
                case "--calibration-chunks": calibrationChunks += [Int(argument)].compactMap { $0 }
                case "--variants": variants.append(try Variant(argument))
                default: throw Usage(description: "unknown option \(name)")
                }
            }
        }
    }
}

/// A way to encode: `plain`, or settings such as `damping=0.05,sweeps=2`.
struct Variant {
    let name: String
    /// nil encodes without feedback.
    var policy: FeedbackPolicy?
    /// Whether a layer sees the inputs that the quantized layers before it give.
    var propagates = false
    /// Which tensors are quantized: `all`, `layers`, `embedding`, `output`, `none`.
    var part = "all"
    /// Whether the output matrix is encoded with feedback.
    var feedsOutput = true
    var priorRowCount: Float = 32
    /// 0 encodes the embedding without a metric.
    var embeddingDamping: Float = 0
    var embeddingGain: Float = 0
    var embeddingPolicy: EncodingPolicy?
    /// How much of the drift of the inputs is answered, and what keeps that near the original weights.
    var correction: Float = 0
    var correctionDamping: Float = 0.1
    /// Whether each of a layer's stages sees the ones before it quantized.
    var isStaged = false
    var correctsRouter = false
    var correctsOutput = false
    private var weight: EncodingPolicy.ElementWeight?
    private var gain: Float?

    init(_ text: String) throws {
        name = text
        var policy = FeedbackPolicy(sweeps: 0)
        var isPlain = false
        for field in text.split(separator: ",") {
            let pair = field.split(separator: "=").map(String.init)
            let value = pair.count > 1 ? pair[1] : ""
            let number = Float(value) ?? 0
            switch pair[0] {
            case "plain": isPlain = true
            case "damping", "d": policy.damping = number
            case "group", "g": policy.groupLength = Int(value)
            case "conditioning", "c": policy.conditioning = number
            case "factors", "f": policy.scaleFactors = value.split(separator: "/").compactMap { Float($0) }
            case "reach", "r": policy.scaleReach = Int(value) ?? 0
            case "offset", "o": policy.offsetReach = Int(value) ?? 0
            case "sweeps", "s": policy.sweeps = Int(value) ?? 0
            case "out", "og": policy.outputGain = number
            case "weight", "w": weight = EncodingPolicy.ElementWeight.allCases.first { "\($0)" == value }
            case "gain", "eg": gain = number
            case "propagate", "p": propagates = number != 0
            case "a":
                correction = number
                isStaged = true
            case "ad": correctionDamping = number
            case "staged": isStaged = number != 0
            case "router": correctsRouter = number != 0
            case "head": correctsOutput = number != 0
            case "ed": embeddingDamping = number
            case "eog": embeddingGain = number
            case "ep":
                let parts = value.split(separator: ":").map(String.init)
                embeddingPolicy = EncodingPolicy(
                    elementWeight: EncodingPolicy.ElementWeight.allCases.first { "\($0)" == parts[0] } ?? .importance,
                    gainRestoration: Float(parts[1]) ?? 0)
            case "part": part = value
            case "output": feedsOutput = number != 0
            case "prior": priorRowCount = number
            default: throw Options.Usage(description: "unknown setting \(pair[0])")
            }
        }
        self.policy = isPlain ? nil : policy
    }

    /// The policy for a codec, whose own encoding policy is taken where nothing else is asked for.
    func policy(for codec: any QuantizingCodec) -> FeedbackPolicy? {
        guard var policy else { return nil }
        policy.encoding = codec.policy
        if let weight { policy.encoding.elementWeight = weight }
        if let gain { policy.encoding.gainRestoration = gain }
        if (policy.groupLength ?? codec.groupLength) % codec.groupLength != 0 { policy.groupLength = nil }
        return policy
    }
}
