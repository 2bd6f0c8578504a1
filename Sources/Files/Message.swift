/// Something to say to a user: words, and the settings and procedures they speak of.
///
/// A module writes `"raise \(.memory), or use fewer \(.threads)"` and knows no command line; a user interface puts its
/// own names in the place of settings and procedures.
public struct Message: Sendable, Hashable, ExpressibleByStringInterpolation, CustomStringConvertible {
    /// A piece of a message, in the order of reading.
    public enum Part: Sendable, Hashable {
        /// Words for the user.
        case words(String)
        /// A setting, and the value that it should be given; nil if the words say what to do with it.
        case setting(Setting, value: String?)
        /// Work that the user can let the program do.
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

    /// The message as text, in the words of a user interface.
    ///
    /// - Parameters:
    ///   - setting: gives the name of a setting.
    ///   - procedure: gives the words for a procedure, such as the command that carries it out.
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

/// A choice that a user has, by the name that it has in this package's interfaces.
public enum Setting: String, Sendable, CaseIterable {
    /// Whether a model that is quantized already may be quantized again.
    case allowsRequantization
    /// The form in which base logits are stored: llama.cpp's, or the probabilities of the most probable tokens.
    case baseLogitsFormat
    /// The type that keys and values are stored in on a device.
    case cacheType
    /// The texts that weights are fitted to.
    case calibrationTexts
    /// The most windows of text that calibration reads.
    case calibrationWindowLimit
    /// The conversation format that questions are put in, if any.
    case chatTemplate
    /// The number of tokens of a window of text, or of a conversation.
    case context
    /// Whether the weights of a token's experts are scaled to sum to 1.
    case expertNormalization
    /// Whether experts are widened with zeros to whole blocks.
    case expertPadding
    /// The number of routed experts that a dense model becomes.
    case experts
    /// The number of routed experts that each token passes through.
    case expertsPerToken
    /// The number of the window of text that is read first.
    case firstWindow
    /// The number of slices that the blocks of a dense model are cut into.
    case granularity
    /// The number of windows of text that are kept for a check.
    case heldOutCount
    /// The file of second moments.
    case hessian
    /// The file with an importance matrix.
    case importanceMatrix
    /// Whether what an earlier run has kept is removed, and the work begins anew.
    case isRestarting
    /// The memory that the process may use.
    case memory
    /// llama.cpp's name for the way in which a tokenizer splits words.
    case preTokenizer
    /// Whether outputs that are there already are replaced.
    case replacesOutputs
    /// The memory of a device that is kept free.
    case reserve
    /// The most bytes of tensors in a file of a checkpoint.
    case shardSizeLimit
    /// The number of slices of a dense block that every token passes through.
    case sharedExperts
    /// The most bytes of tensor data in a part of a split model.
    case splitSizeLimit
    /// The most tensors in a part of a split model.
    case splitTensorLimit
    /// The number of tokens from the start of one window of text to that of the next.
    case stride
    /// The conversation format of a model, by name or as a file.
    case template
    /// The file of text that a model reads.
    case text
    /// The number of threads.
    case threads
    /// The type or the recipe that a model is quantized to.
    case type
    /// The family that an upcycled model is of.
    case upcyclingForm
    /// The most windows of text that are read.
    case windowLimit
}

/// Work that a user can let the program do, named in the advice of an error.
public enum Procedure: String, Sendable, CaseIterable {
    /// Comparing a quantized model's weights with the original's.
    case compareWeights
    /// Collecting second moments of the inputs of matrices.
    case collectHessian
    /// Collecting an importance matrix.
    case collectImportance
    /// Showing what a model file holds.
    case inspectModel
    /// Joining the parts of a job.
    case finishParts
    /// Measuring the cost of storing each matrix in each type.
    case measureSensitivity
    /// Dividing a job into parts.
    case planParts
    /// Printing a recipe.
    case printRecipe
    /// Quantizing a model.
    case quantize
    /// Making a report of several measurements.
    case report
    /// Doing a part of a job.
    case runPart
    /// Storing a model's predictions for a text, as a reference for others.
    case storePredictions
    /// Storing a model's scores of the tokens of a text.
    case storeScores
}
