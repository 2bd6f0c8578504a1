/// Something to say to a user: words, and the settings and procedures they speak of.
///
/// A module writes `"raise \(.memory), or use fewer \(.threads)"` and knows no command line; a face of the program puts its
/// own names in the place of settings and procedures.
public struct Message: Sendable, Hashable, ExpressibleByStringInterpolation, CustomStringConvertible {
    /// A piece of a message, in the order of reading.
    public enum Part: Sendable, Hashable {
        case words(String)
        /// A setting, and the value it should be given; nil where the words say what to do with it.
        case setting(Setting, value: String?)
        case procedure(Procedure)
    }

    /// The pieces of the message, in the order of reading.
    public private(set) var parts: [Part]

    /// Makes a message of words alone.
    public init(_ words: String) { parts = [.words(words)] }

    /// Makes a message of a literal without interpolations.
    public init(stringLiteral words: String) { self.init(words) }

    /// Makes a message of the collected parts of an interpolated literal.
    public init(stringInterpolation: StringInterpolation) { parts = stringInterpolation.parts }

    /// The message as text.
    ///
    /// - Parameters:
    ///   - setting: what a setting is called.
    ///   - procedure: how a procedure is carried out.
    public func text(setting: (Setting) -> String, procedure: (Procedure) -> String) -> String {
        parts.map { part in
            switch part {
            case .words(let words): words
            case .setting(let name, let value): value.map { "\(setting(name)) \($0)" } ?? setting(name)
            case .procedure(let name): procedure(name)
            }
        }.joined()
    }

    /// The message with settings and procedures under their names in Swift.
    public var description: String { text(setting: \.rawValue, procedure: \.rawValue) }

    /// Joins two messages without anything between them.
    public static func + (first: Self, second: Self) -> Self {
        var sum = first
        sum.parts += second.parts
        return sum
    }

    /// Collects the parts of an interpolated message.
    public struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var parts: [Part] = []

        /// Begins a message without parts; the capacities are not used.
        public init(literalCapacity: Int, interpolationCount: Int) {}

        /// Appends words of the literal; empty ones leave no part.
        public mutating func appendLiteral(_ words: String) {
            if !words.isEmpty { parts.append(.words(words)) }
        }

        /// Appends the description of a value as words.
        public mutating func appendInterpolation(_ words: some CustomStringConvertible) {
            parts.append(.words(words.description))
        }

        /// Appends another message with its settings and procedures.
        public mutating func appendInterpolation(_ message: Message) { parts += message.parts }

        /// Appends the name of a setting.
        public mutating func appendInterpolation(_ setting: Setting) {
            parts.append(.setting(setting, value: nil))
        }

        /// Appends the name of a setting and the value that it should be given.
        public mutating func appendInterpolation(_ setting: Setting, _ value: some CustomStringConvertible) {
            parts.append(.setting(setting, value: value.description))
        }

        /// Appends the way in which a procedure is carried out.
        public mutating func appendInterpolation(run procedure: Procedure) { parts.append(.procedure(procedure)) }
    }
}

/// What a user can choose, by the name that it has in this package's interfaces.
public enum Setting: String, Sendable, CaseIterable {
    case allowsRequantization
    /// How base logits are stored: for llama.cpp, or with the probabilities of the most probable tokens.
    case baseLogitsFormat
    case cacheType
    case calibrationWindowLimit
    case chatTemplate
    case context
    case expertNormalization
    case expertPadding
    case firstWindow
    case heldOutCount
    case hessian
    case importanceMatrix
    case memory
    case preTokenizer
    case reserve
    case splitSizeLimit
    case splitTensorLimit
    case stride
    case template
    case text
    case threads
    case type
    case windowLimit
}

/// What a user can let the program do, besides what failed.
public enum Procedure: String, Sendable, CaseIterable {
    /// Comparing a quantized model's weights with the original's.
    case compareWeights
    case collectHessian
    case collectImportance
    case inspectModel
    case measureSensitivity
    case printRecipe
    case quantize
    case report
    case storePredictions
    case storeScores
}
