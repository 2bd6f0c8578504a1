import Files

/// A model whose description cannot be turned into a ``DecoderPlan``.
public struct ArchitectureError: DiagnosticError, Equatable {
    public enum Kind: Sendable, Equatable {
        /// No plan is known for the architecture.
        case unknownArchitecture(String, known: [String])
        case missingKey
        /// The value makes no sense for the key.
        case invalidValue(found: String, expected: String)
        /// No GGUF architecture that llama.cpp runs computes this; one reason for each that comes close.
        case inexpressible([String])
    }

    public let kind: Kind
    public var file: String?
    /// The configuration or metadata key concerned.
    public let key: String

    public init(_ kind: Kind, key: String, file: String? = nil) {
        self.kind = kind
        self.key = key
        self.file = file
    }

    public var diagnostic: Diagnostic {
        let (problem, advice): (String, String?) =
            switch kind {
            case .unknownArchitecture(let name, let known):
                ("the architecture \"\(name)\" is not supported", "supported: " + known.joined(separator: ", "))
            case .missingKey: ("the key is missing", "check that the file is complete")
            case .invalidValue(let found, let expected):
                ("found \(found), expected \(expected)", "the file is damaged or was made by a faulty program")
            case .inexpressible(let reasons):
                ("no GGUF architecture can express this model", reasons.joined(separator: "; "))
            }
        return Diagnostic(.input, file: file, place: key, problem, advice: advice)
    }
}
