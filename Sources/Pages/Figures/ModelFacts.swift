/// What a model's files are, and what they say of how they were made.
package struct ModelFacts: Codable, Sendable, Hashable {
    /// A file that holds weights.
    package struct File: Codable, Sendable, Hashable {
        /// Without its folder.
        package let name: String
        package let bytes: Int
        package let sha256: String

        /// A file and its digest.
        package init(name: String, bytes: Int, sha256: String) {
            self.name = name
            self.bytes = bytes
            self.sha256 = sha256
        }
    }

    /// What a device must hold to run the model.
    package struct Memory: Codable, Sendable, Hashable {
        /// Tokens of the key and value cache.
        package let context: Int
        /// Weights, cache, working memory and reserve.
        package let bytes: Int
        /// The smallest usual card that holds it, in GiB; nil if none does.
        package let cardGiB: Int?

        /// The bytes that a context takes, and the card for it.
        package init(context: Int, bytes: Int, cardGiB: Int?) {
            self.context = context
            self.bytes = bytes
            self.cardGiB = cardGiB
        }
    }

    /// A fact of how a file was made, for people.
    package struct Step: Codable, Sendable, Hashable {
        package let name: String
        package let value: String

        /// A fact: what it is about, and what it says.
        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Whether it is a checkpoint, and no GGUF.
    package let isCheckpoint: Bool
    /// The name of the file type, or of the tensor type that most weights have.
    package let type: String
    /// The recipe that made it; nil if the file keeps none.
    package let recipe: String?
    package let files: [File]
    package let memory: Memory
    /// What the file says of its making.
    package let made: [Step]
    /// The commands that make it again.
    package let commands: [String]
    /// What the model says of itself, by keys such as `general.license`.
    package let metadata: [String: [String]]

    /// The facts of one model.
    package init(
        isCheckpoint: Bool, type: String, recipe: String?, files: [File], memory: Memory, made: [Step],
        commands: [String], metadata: [String: [String]]
    ) {
        self.isCheckpoint = isCheckpoint
        self.type = type
        self.recipe = recipe
        self.files = files
        self.memory = memory
        self.made = made
        self.commands = commands
        self.metadata = metadata
    }
}
