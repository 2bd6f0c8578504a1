import Evaluation
import Models
import Numerics
import Pipelines
import Runtime

/// What `report` measured, as its JSON has it.
struct ModelReport: Encodable {
    /// Changes with the meaning of the members.
    let schema = "swage-report/1"
    let version = SwageVersion.current
    /// OpenBLAS's kernels.
    let core = BLAS.coreName
    /// Tokens per window; the second half of each is scored.
    let context: Int
    let texts: [Text]
    /// The one that the others are compared with first.
    let models: [Model]
    /// Averages over texts.
    let groups: [Group]

    struct Text: Encodable {
        let name: String
        let bytes: Int
        let characters: Int
        let sha256: String

        init(_ text: EvaluationText) {
            name = text.name
            bytes = text.bytes.count
            characters = text.characterCount
            sha256 = Fingerprint.of(text)
        }
    }

    struct Model: Encodable {
        let name: String
        let fileBytes: Int
        let bitsPerWeight: Double
        /// A digest of samples of the weights.
        let fingerprint: String
        /// In the order of the report's texts.
        let texts: [PerplexityReport.Text]
        /// Why figures per token are not compared with the first model's.
        let notCompared: String?
        let results: [EvaluationResult]

        private enum CodingKeys: CodingKey {
            case name, fileBytes, bitsPerWeight, fingerprint, texts, notCompared
        }

        /// - Parameter first: the model that the others are compared with.
        init(
            name: String, _ model: Models.Model, comparedWith first: Models.Model, results: [EvaluationResult]
        ) throws {
            self.name = name
            fileBytes = try model.fileByteCount
            bitsPerWeight = model.bitsPerWeight
            fingerprint = try Fingerprint.of(model)
            let hasOtherTokenizer = !model.sharesTokens(with: first)
            notCompared = hasOtherTokenizer ? ModelReport.otherTokenizer : nil
            texts = results.map { PerplexityReport.Text($0, otherTokenizer: hasOtherTokenizer) }
            self.results = results
        }
    }

    /// What stands in place of ratios and divergences of models whose tokens are others.
    static let otherTokenizer = "other tokenizer"

    /// Arithmetic means of the texts' figures.
    struct Group: Encodable {
        let name: String
        let texts: [String]
        /// In the order of the report's models.
        let models: [Averages]

        init(name: String, texts: [String], _ models: [Model]) {
            self.name = name
            self.texts = texts
            self.models = models.map { model in
                Averages(
                    model: model.name, model.results.filter { texts.contains($0.name) },
                    isCompared: model.notCompared == nil)
            }
        }
    }

    struct Averages: Encodable {
        let model: String
        let perplexity: Estimate
        let perplexityPerCharacter: Estimate
        let perplexityPerByte: Estimate
        /// Nats per token.
        let divergence: Nullable<Estimate>?
        let topAgreement: Nullable<Estimate>?
        let figures: Figures

        private enum CodingKeys: CodingKey {
            case model, perplexity, perplexityPerCharacter, perplexityPerByte, divergence, topAgreement
        }

        init(model: String, _ results: [EvaluationResult], isCompared: Bool) {
            self.model = model
            figures = Figures(averageOf: results)
            perplexity = Estimate(figures.perplexity)
            perplexityPerCharacter = Estimate(figures.perplexityPerCharacter)
            perplexityPerByte = Estimate(figures.perplexityPerByte)
            func estimate(_ value: MeanWithError?) -> Nullable<Estimate>? {
                isCompared ? value.map { Nullable(Estimate($0)) } : Nullable(nil)
            }
            divergence = estimate(figures.divergence)
            topAgreement = estimate(figures.agreement)
        }
    }

    /// The figures of one model that tables show, on one text or averaged over several.
    struct Figures {
        let perplexity: MeanWithError
        let perplexityPerCharacter: MeanWithError
        let perplexityPerByte: MeanWithError
        let divergence: MeanWithError?
        let agreement: MeanWithError?

        init(_ result: EvaluationResult) {
            self.init(averageOf: [result])
        }

        init(averageOf results: [EvaluationResult]) {
            func average(_ values: [MeanWithError]) -> MeanWithError? {
                values.count == results.count ? MeanWithError(averageOf: values) : nil
            }
            perplexity = MeanWithError(averageOf: results.map(\.perplexity))
            perplexityPerCharacter = MeanWithError(averageOf: results.map(\.perplexityPerCharacter))
            perplexityPerByte = MeanWithError(averageOf: results.map(\.perplexityPerByte))
            divergence = average(results.compactMap { $0.divergence?.divergence })
            agreement = average(results.compactMap { $0.divergence?.agreement })
        }
    }
}
