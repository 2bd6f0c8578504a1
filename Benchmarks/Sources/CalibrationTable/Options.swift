import BlockFormats
import Calibration
import ErrorFeedback
import Pipelines

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
    /// The most windows of each calibration text.
    var calibrationChunks: Int?
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
                case "--calibration-chunks": calibrationChunks = Int(argument)
                case "--variants": variants.append(try Variant(argument))
                default: throw Usage(description: "unknown option \(name)")
                }
            }
        }
        if variants.isEmpty { variants = [try Variant("default")] }
    }
}

/// A way to calibrate: `default`, or changes of it such as `damping=0.05,sweeps=2`.
struct Variant {
    let name: String
    private var settings: [(name: String, value: String)] = []

    init(_ text: String) throws {
        name = text
        guard text != "default" else { return }
        for field in text.split(separator: ",") {
            let pair = field.split(separator: "=").map(String.init)
            guard pair.count == 2 else { throw Options.Usage(description: "not a setting: \(field)") }
            settings.append((pair[0], pair[1]))
        }
    }

    /// The calibration's policy.
    func policy() throws -> CalibrationPolicy {
        var policy = CalibrationPolicy()
        for (name, value) in settings {
            let number = Float(value) ?? 0
            switch name {
            case "drift": policy.driftShare = number
            case "driftDamping": policy.driftDamping = number
            case "routerDamping": policy.routerDamping = number
            case "prior": policy.priorRowCount = number
            default: try set(name, value, in: &policy.feedback)
            }
        }
        return policy
    }

    /// The feedback alone, for one codec.
    func feedback(for codec: any QuantizingCodec) throws -> FeedbackPolicy {
        var policy = try policy().feedback
        policy.encoding = codec.policy
        return policy
    }

    private func set(_ name: String, _ value: String, in policy: inout FeedbackPolicy) throws {
        let number = Float(value) ?? 0
        switch name {
        case "damping": policy.damping = number
        case "group": policy.groupLength = Int(value)
        case "conditioning": policy.conditioning = number
        case "factors": policy.scaleFactors = value.split(separator: "/").compactMap { Float($0) }
        case "reach": policy.scaleReach = Int(value) ?? 0
        case "offset": policy.offsetReach = Int(value) ?? 0
        case "sweeps": policy.sweeps = Int(value) ?? 0
        case "gain": policy.outputGain = number
        default: throw Options.Usage(description: "unknown setting \(name)")
        }
    }
}
