import Evaluation
import Journals
import Models
import Tokenizers

/// Measures models on texts.
public struct Measurement: Sendable {
    /// What models are compared with.
    public enum Reference: Sendable {
        /// The predictions of this model.
        case model(Model)
        /// The predictions that this file holds.
        case predictions(path: String)
    }

    /// How texts are cut into windows.
    public var cut: WindowCut
    /// What the work is done with, and who is told of its progress.
    public var compute: Compute
    /// Where the first model's predictions are stored.
    public var recording: PredictionFile?
    /// Where the scores of finished windows are kept, so that a run that ends early can be continued.
    public var scorePath: String?
    /// Least time between two savings of what a batch has come to, where scores or predictions are kept.
    public var stateInterval = Duration.seconds(60)
    /// Which of the windows, counted over all texts, are measured; nil for all. Texts without any have no result.
    var selection: Range<Int>?
    /// Where finished work is kept, and what the names of its records begin with.
    var work: (journal: Journal, name: String)?

    /// A measurement on windows of texts.
    ///
    /// - Parameters:
    ///   - cut: How texts are cut into windows.
    ///   - compute: What the work is done with, and who is told of its progress.
    public init(cut: WindowCut = WindowCut(), compute: Compute = Compute()) {
        self.cut = cut
        self.compute = compute
    }

    /// How the texts are cut that stored predictions are of, which a run without texts takes.
    ///
    /// - Parameter path: A file of stored predictions.
    /// - Throws: `EvaluationError` if it is none, and errors of reading.
    public static func cut(ofPredictions path: String) throws -> WindowCut { try PredictionFile.open(path).cut }

    /// Measures models, and how far their predictions are from a reference's.
    ///
    /// - Parameters:
    ///   - models: The models, at least one.
    ///   - reference: What they are compared with; nil for nothing.
    ///   - texts: At least one text; none for all that stored predictions are of.
    /// - Returns: one result for each text, of the reference if it is a model and of each model.
    /// - Throws: ``MeasurementError`` if there is no text or if models have other tokens, `EvaluationError` for texts that
    ///   cannot be cut or files of other runs, and errors of reading and writing.
    public func run(
        _ models: [Model], reference: Reference? = nil, texts: [EvaluationText]
    ) throws -> (reference: [EvaluationResult], models: [[EvaluationResult]]) {
        let isStored = if case .predictions = reference { true } else { false }
        let isIdentified = isStored || recording != nil || scorePath != nil
        let (all, stored, allWindows) = try open(models, reference, texts, countsTokens: isIdentified)
        let windows = selection.map { Self.windows(allWindows, $0) } ?? allWindows
        let cut = texts.isEmpty ? stored?.cut ?? cut : cut
        let lengths = TokenLengths(all[0].tokenizer)
        let identity = isIdentified ? try identity(all, reference, cut: cut, texts: texts, windows) : nil
        if let identity { try stored?.check(identity, isOfAllTexts: texts.isEmpty) }
        if let precision = stored?.precision, precision != compute.precision {
            compute.progress(
                .warning(
                    "the stored predictions were computed with \(precision.rawValue) precision, the model's are with "
                        + "\(compute.precision.rawValue): the difference counts as divergence"))
        }
        let inputs = all.flatMap(\.inputFiles) + texts.compactMap(\.path)
        let recorder = try identity.flatMap {
            try recording?.recorder($0, texts: windows, lengths: lengths, inputs: inputs, stateInterval: stateInterval)
        }
        let scoreFile = try identity.flatMap { identity in
            try scorePath.map { path in
                try OutputFile.check(path, inputs: inputs)
                return try ScoreFile(path: path, identity: identity, stateInterval: stateInterval)
            }
        }
        let kept = try work.map {
            try JournaledScores(
                $0.journal, name: $0.name, texts: windows.map(\.name), modelCount: all.count)
        }
        if let kept, kept.finishedWindowCount > 0 {
            let count = windows.reduce(0) { $0 + $1.windows.count }
            work?.journal.say("going on after \(kept.finishedWindowCount) of \(count) windows")
        }
        compute.progress(
            .stage(.evaluating(models: models.map(\.name), reference: all.count > models.count ? all[0].name : nil)))
        let tokenCount = windows.reduce(0) { $0 + $1.windows.reduce(0) { $0 + $1.tokens.count } }
        compute.progress(.extent(.tokens(tokenCount * all.count)))
        let passes = try all.map { try $0.forwardPass(compute) }
        let scores = try ModelEvaluation()
            .run(
                passes, reference: stored.map { .predictions($0) } ?? (all.count > models.count ? .firstModel : .none),
                texts: windows, lengths: lengths, journal: scoreFile ?? recorder as? any ScoreJournal ?? kept,
                recorder: recorder
            ) { compute.progress(.fraction($0)) }
        try recorder?.finish()
        try scoreFile?.finish()
        for (model, pass) in zip(all, passes) { compute.progress(.times(model: model.name, pass.times)) }
        let scored = scores.filter { !$0.windows.isEmpty }
        let results = try all.indices.map { model in try scored.map { try $0.result(ofModel: model) } }
        return all.count > models.count ? (results[0], Array(results.dropFirst())) : ([], results)
    }

    /// Opens what models are compared with, and cuts the texts.
    ///
    /// - Returns: all models, with one that others are compared with before them; stored predictions; the windows.
    func open(
        _ models: [Model], _ reference: Reference?, _ texts: [EvaluationText], countsTokens: Bool
    ) throws -> (models: [Model], stored: (any StoredPredictions)?, windows: [TokenWindows]) {
        var all = models
        var stored: (any StoredPredictions)?
        switch reference {
        case .model(let model): all.insert(model, at: 0)
        case .predictions(let path):
            let opened = try PredictionFile.open(path)
            let (context, limit) = (opened.cut.context, models.map(\.plan.contextLength).min() ?? .max)
            guard !texts.isEmpty || context <= limit else {
                throw EvaluationError(.predictionsOfLongWindows(context: context, limit: limit), file: path)
            }
            stored = opened
        case nil: break
        }
        for model in all.dropFirst() {
            guard let difference = model.tokenDifference(from: all[0]) else { continue }
            throw MeasurementError(.otherTokens(reference: all[0].path, difference: difference), file: model.path)
        }
        return (all, stored, try windows(of: texts, stored, all, countsTokens: countsTokens))
    }

    /// Those of the windows that are in a range, counted over all texts.
    private static func windows(_ texts: [TokenWindows], _ range: Range<Int>) -> [TokenWindows] {
        var start = 0
        return texts.map { text in
            defer { start += text.windows.count }
            return text.selecting(
                max(0, range.lowerBound - start)..<max(0, range.lowerBound - start, range.upperBound - start))
        }
    }

    /// What files of scores of parts of one run come to together.
    ///
    /// - Parameter paths: The files, which must not have the same window twice.
    /// - Returns: what they are of, and each model's results.
    public static func merge(
        scores paths: [String]
    ) throws -> (identity: PredictionIdentity, results: [[EvaluationResult]]) {
        try results(of: ScoreFile.merged(paths))
    }

    /// The results of scores that were merged.
    static func results(
        of merged: (identity: PredictionIdentity, texts: [TextScores])
    ) throws -> (identity: PredictionIdentity, results: [[EvaluationResult]]) {
        let (identity, texts) = merged
        let scored = texts.filter { !$0.windows.isEmpty }
        return (identity, try identity.models.indices.map { model in try scored.map { try $0.result(ofModel: model) } })
    }

    private func identity(
        _ models: [Model], _ reference: Reference?, cut: WindowCut, texts: [EvaluationText], _ windows: [TokenWindows]
    ) throws -> PredictionIdentity {
        var stored: PredictionIdentity.Model?
        if case .predictions(let path) = reference {
            stored = .init(name: Provenance.lastComponent(path), fingerprint: try Fingerprint.of(file: path))
        }
        return PredictionIdentity(
            format: "", models: try models.map { .init(name: $0.name, fingerprint: try Fingerprint.of($0)) },
            reference: stored, tokenizer: Fingerprint.of(models[0].tokenizer),
            vocabularySize: models[0].plan.vocabularySize,
            cut: cut, precision: compute.precision,
            texts: windows.enumerated().map { number, windows in
                .init(
                    name: windows.name, sha256: texts.isEmpty ? "" : Fingerprint.of(texts[number]),
                    tokens: windows.tokenCount!, bytes: windows.byteCount, characters: windows.characterCount)
            }, version: SwageVersion.current)
    }

    private func windows(
        of texts: [EvaluationText], _ stored: (any StoredPredictions)?, _ models: [Model], countsTokens: Bool
    ) throws -> [TokenWindows] {
        let tokenizer = models[0].tokenizer
        let limit = models.map(\.plan.contextLength).min()!
        if texts.isEmpty, let stored {
            try stored.cut.check(contextLimit: limit)
            var wanted = cut
            wanted.context = stored.cut.context
            return try stored.texts(tokenizer, cut: wanted)
        }
        guard !texts.isEmpty else { throw MeasurementError(.noTexts) }
        try cut.check(contextLimit: limit)
        return try texts.map { try TokenWindows($0, tokenizer: tokenizer, cut: cut, countsTokens: countsTokens) }
    }
}

extension Model {
    /// Whether both models read every text as the same tokens, so that their predictions can be compared.
    ///
    /// - Parameter other: The model to compare with.
    public func sharesTokens(with other: Model) -> Bool { tokenDifference(from: other) == nil }

    /// In what the models' tokens differ; nil if both read every text as the same tokens.
    func tokenDifference(from other: Model) -> String? {
        guard plan.vocabularySize == other.plan.vocabularySize else { return "the number of tokens" }
        return TokenizerIdentity(tokenizer).difference(from: TokenizerIdentity(other.tokenizer))?.rawValue
    }
}
