import BlockFormats

/// The command's arguments.
struct Options {
    var llama = ""
    var work = ""
    var models: [String] = []
    var calibration: [String] = []
    var own: [String] = []
    var general: [String] = []
    var types: [String] = []
    var chunks = 20
    /// Policies to try for each mix's main type; none for the defaults alone.
    var variants: [Variant] = []
    var measuresPeer = true

    struct Variant {
        let name: String
        let policy: EncodingPolicy
    }

    struct Usage: Error, CustomStringConvertible {
        let description: String
    }

    init(_ arguments: some Sequence<String>) throws {
        var name = ""
        for argument in arguments {
            if argument == "--ours-only" {
                measuresPeer = false
            } else if argument.hasPrefix("--") {
                name = argument
            } else {
                try take(argument, for: name)
            }
        }
        guard !work.isEmpty, !models.isEmpty, !calibration.isEmpty, !own.isEmpty, !general.isEmpty, !types.isEmpty
        else {
            throw Usage(description: "missing arguments; see the head of QualityTable.swift")
        }
    }

    private mutating func take(_ value: String, for name: String) throws {
        switch name {
        case "--llama": llama = value
        case "--work": work = value
        case "--model": models.append(value)
        case "--calibration": calibration.append(value)
        case "--own": own.append(value)
        case "--general": general.append(value)
        case "--types": types.append(value)
        case "--chunks": chunks = Int(value) ?? chunks
        case "--variants":
            let parts = value.split(separator: ":").map(String.init)
            guard parts.count == 2,
                let weight = EncodingPolicy.ElementWeight.allCases.first(where: { "\($0)" == parts[0] }),
                let gain = Float(parts[1])
            else { throw Usage(description: "not a policy: \(value)") }
            variants.append(
                Variant(name: value, policy: EncodingPolicy(elementWeight: weight, gainRestoration: gain)))
        default: throw Usage(description: "unknown option \(name)")
        }
    }
}
