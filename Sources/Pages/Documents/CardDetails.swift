/// What a model card says that nobody has measured.
package struct CardDetails: Sendable, Hashable {
    /// A license that is none of the known ones.
    package struct License: Sendable, Hashable {
        /// What it is called.
        package let name: String
        /// Where it is.
        package let link: String

        /// A license by its name and its place.
        package init(name: String, link: String) {
            self.name = name
            self.link = link
        }
    }

    /// The repository of the original, `OWNER/NAME`; nil for what the files say.
    package var baseModel: String?
    /// The repository that the card is for, `OWNER/NAME`.
    package var repository: String?
    /// The license of the weights, where the files name only that of the code.
    package var weightsLicense: License?
    /// Who has quantized the model; nil for what the files say.
    package var quantizedBy: String?

    /// Details, as far as they are known.
    package init(
        baseModel: String? = nil, repository: String? = nil, weightsLicense: License? = nil, quantizedBy: String? = nil
    ) {
        self.baseModel = baseModel
        self.repository = repository
        self.weightsLicense = weightsLicense
        self.quantizedBy = quantizedBy
    }
}

/// What stands around the parts of a conversation, for programs that cannot read the model's own template.
package struct ChatFrame: Sendable, Hashable {
    package let beforeSystem: String
    /// nil if the template has no place for a system message.
    package let afterSystem: String?
    package let beforePrompt: String
    /// What follows a question, up to where the answer begins.
    package let afterPrompt: String
    package let afterAnswer: String

    /// The texts around the parts, without the token that begins a text.
    package init(
        beforeSystem: String, afterSystem: String?, beforePrompt: String, afterPrompt: String, afterAnswer: String
    ) {
        self.beforeSystem = beforeSystem
        self.afterSystem = afterSystem
        self.beforePrompt = beforePrompt
        self.afterPrompt = afterPrompt
        self.afterAnswer = afterAnswer
    }
}
