import Files

/// An error of a model whose description cannot be turned into a ``DecoderPlan``.
public struct ArchitectureError: DiagnosticError, Equatable {
    /// What is wrong, with what was found and what was expected.
    public enum Kind: Sendable, Equatable {
        /// No plan is known for the architecture.
        case unknownArchitecture(String, known: [String])
        /// The configuration or metadata has no such key, and no default stands in for it.
        case missingKey
        /// The value makes no sense for the key.
        case invalidValue(found: String, expected: String)
        /// No GGUF architecture that llama.cpp runs computes this; one reason for each that comes close.
        case inexpressible([String])
    }

    /// What is wrong.
    public let kind: Kind
    /// The file that describes the model, if it is known.
    public var file: String?
    /// The configuration or metadata key concerned.
    public let key: String

    /// An error in the description of a model.
    ///
    /// - Parameters:
    ///   - kind: What is wrong.
    ///   - key: The configuration or metadata key concerned.
    ///   - file: The file that describes the model, if it is known.
    public init(_ kind: Kind, key: String, file: String? = nil) {
        self.kind = kind
        self.key = key
        self.file = file
    }

    /// The error in words: the file and the key, what was found and expected, and what to do.
    public var diagnostic: Diagnostic {
        let (problem, advice): (String, Message?) =
            switch kind {
            case .unknownArchitecture(let name, let known):
                ("the architecture \"\(name)\" is not supported", "supported: \(known.joined(separator: ", "))")
            case .missingKey: ("the key is missing", "check that the file is complete")
            case .invalidValue(let found, let expected):
                ("found \(found), expected \(expected)", "the file is damaged or was made by a faulty program")
            case .inexpressible(let reasons):
                ("no GGUF architecture can express this model", "\(reasons.joined(separator: "; "))")
            }
        return Diagnostic(.input, file: file, place: key, problem, advice: advice)
    }
}
