import Manifests

/// What a report has measured, as its JSON has it; everything else that a report is written as is made from it.
package struct ModelReport: Codable, Sendable, Hashable {
    /// The version of the JSON that this version of Swage writes.
    package static let currentVersion = 2
    /// The schema of the JSON that this version of Swage writes.
    package static let currentSchema = "swage/report/\(currentVersion)"

    /// Changes with the meaning of the members.
    package let schema: String
    package let version: String
    /// The making of the report: its inputs and options.
    package let manifest: Manifest?
    /// How activations are multiplied with weights: `reference` or `fast`.
    package let precision: String
    /// OpenBLAS's kernels.
    package let core: String
    /// Tokens per window; the second half of each is scored.
    package let context: Int
    package let texts: [Text]
    /// The one that the others are compared with first.
    package let models: [Model]
    /// Averages over texts.
    package let groups: [Group]

    /// A report; the models' and the groups' figures are in the order of the texts and of the models.
    package init(
        version: String, manifest: Manifest? = nil, precision: String = "reference", core: String, context: Int,
        texts: [Text], models: [Model],
        groups: [Group]
    ) {
        schema = Self.currentSchema
        self.version = version
        self.manifest = manifest
        self.precision = precision
        self.core = core
        self.context = context
        self.texts = texts
        self.models = models
        self.groups = groups
    }

    /// What is said of the precision, if it is not that of the reference.
    var precisionNote: String { precision == "reference" ? "" : " at \(precision) precision" }

    /// A text that models were measured on.
    package struct Text: Codable, Sendable, Hashable {
        package let name: String
        package let bytes: Int
        package let characters: Int
        package let sha256: String

        /// A text and its digest.
        package init(name: String, bytes: Int, characters: Int, sha256: String) {
            self.name = name
            self.bytes = bytes
            self.characters = characters
            self.sha256 = sha256
        }
    }

    /// One model: what it is, and what was measured of it.
    package struct Model: Codable, Sendable, Hashable {
        /// What the user calls it.
        package let name: String
        package let fileBytes: Int
        package let bitsPerWeight: Double
        /// A digest of samples of the weights.
        package let fingerprint: String
        package let file: ModelFacts
        /// In the order of the report's texts.
        package let texts: [TextFigures]
        /// Over the scored tokens of all texts together; null where the reference has another tokenizer.
        package let divergence: Nullable<DivergenceFigures>?
        /// Whether no compared model is as small and as near the original; nil for models that are not compared.
        package internal(set) var isOnFront: Bool?
        /// Why figures per token are not compared with the first model's.
        package let notCompared: String?
        package let tasks: [TaskFigures]?
        /// The questions of several tasks together.
        package let allTasks: TaskFigures?
        package let weights: WeightFigures?

        /// A model that is not yet placed among the others.
        package init(
            name: String, fileBytes: Int, bitsPerWeight: Double, fingerprint: String, file: ModelFacts,
            texts: [TextFigures], divergence: Nullable<DivergenceFigures>?, notCompared: String?,
            tasks: [TaskFigures]?, allTasks: TaskFigures?, weights: WeightFigures?
        ) {
            self.name = name
            self.fileBytes = fileBytes
            self.bitsPerWeight = bitsPerWeight
            self.fingerprint = fingerprint
            self.file = file
            self.texts = texts
            self.divergence = divergence
            self.notCompared = notCompared
            self.tasks = tasks
            self.allTasks = allTasks
            self.weights = weights
        }
    }

    /// Arithmetic means of the texts' figures.
    package struct Group: Codable, Sendable, Hashable {
        package let name: String
        package let texts: [String]
        /// In the order of the report's models.
        package let models: [Averages]

        /// The averages of each model.
        package init(name: String, texts: [String], models: [Averages]) {
            self.name = name
            self.texts = texts
            self.models = models
        }
    }

    /// The means of one model's figures over some texts.
    package struct Averages: Codable, Sendable, Hashable {
        package let model: String
        package let perplexity: Estimate
        package let perplexityPerCharacter: Estimate
        package let perplexityPerByte: Estimate
        package let perplexityRatio: Nullable<Estimate>?
        package let perplexityDifference: Nullable<Estimate>?
        /// Nats per token.
        package let divergence: Nullable<Estimate>?
        package let probabilityChangeRMS: Nullable<Estimate>?
        package let topAgreement: Nullable<Estimate>?

        /// Averages; what is relative to the reference is nil without one, and null where its tokenizer is another.
        package init(
            model: String, perplexity: Estimate, perplexityPerCharacter: Estimate, perplexityPerByte: Estimate,
            perplexityRatio: Nullable<Estimate>?, perplexityDifference: Nullable<Estimate>?,
            divergence: Nullable<Estimate>?, probabilityChangeRMS: Nullable<Estimate>?,
            topAgreement: Nullable<Estimate>?
        ) {
            self.model = model
            self.perplexity = perplexity
            self.perplexityPerCharacter = perplexityPerCharacter
            self.perplexityPerByte = perplexityPerByte
            self.perplexityRatio = perplexityRatio
            self.perplexityDifference = perplexityDifference
            self.divergence = divergence
            self.probabilityChangeRMS = probabilityChangeRMS
            self.topAgreement = topAgreement
        }
    }
}

extension [ModelReport.Model] {
    /// The same models with those marked that no other one beats in both size and divergence.
    package var placed: [ModelReport.Model] {
        func divergence(_ model: ModelReport.Model) -> Double? { model.divergence?.value?.mean.value }
        return map { model in
            guard let own = divergence(model) else { return model }
            var model = model
            model.isOnFront = !contains { other in
                guard let theirs = divergence(other) else { return false }
                return other.fileBytes <= model.fileBytes && theirs <= own
                    && (other.fileBytes < model.fileBytes || theirs < own)
            }
            return model
        }
    }
}
