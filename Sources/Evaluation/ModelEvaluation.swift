import ModelArchitecture
import Parallelism
import Runtime
import Tokenizers

/// Measures models on texts, all of them beside each other, batch by batch; their logits are not stored.
package struct ModelEvaluation: Sendable {
    /// An evaluation; it has no settings of its own.
    package init() {}

    /// What the predictions of models are compared with.
    package enum Reference: Sendable {
        /// The models' predictions are compared with nothing.
        case none
        /// The first of the models, which is not compared itself.
        case firstModel
        /// Predictions of the same windows that a file holds.
        case predictions(any StoredPredictions)
    }

    /// Computes the log-probabilities that models give to the scored tokens of texts, and how far their predictions are
    /// from a reference's.
    ///
    /// - Parameters:
    ///   - models: At least one; all have the same vocabulary.
    ///   - reference: What the models' predictions are compared with.
    ///   - texts: The texts, cut into windows.
    ///   - lengths: The lengths of the models' tokens.
    ///   - journal: Where the scores of finished windows are kept, and found again.
    ///   - recorder: Receives the first model's predictions.
    ///   - progress: Called with the finished share of the work, from 0 to 1.
    /// - Returns: The scores of all models on each text.
    /// - Throws: ``EvaluationError`` if vocabularies differ or the reference is of other windows; `FileError`; what
    ///   `journal` and `recorder` throw.
    package func run(
        _ models: [ForwardPass], reference: Reference = .none, texts: [TokenWindows], lengths: TokenLengths,
        journal: (any ScoreJournal)? = nil, recorder: (any PredictionRecorder)? = nil,
        progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) throws -> [TextScores] {
        try checkVocabularies(of: models)
        var scores = texts.map {
            TextScores(
                name: $0.name, tokenCount: $0.tokenCount, byteCount: $0.byteCount, characterCount: $0.characterCount)
        }
        var places: [(text: Int, window: Int)] = []
        for (text, windows) in texts.enumerated() {
            let wanted = Set(windows.windows.map(\.number))
            scores[text].windows = journal?.finishedWindows(ofText: text).filter { wanted.contains($0.number) } ?? []
            let finished = Set(scores[text].windows.map(\.number))
            places += windows.windows.indices.filter { !finished.contains(windows.windows[$0].number) }.map {
                (text, $0)
            }
        }
        let batches = WindowBatches(
            windows: places.map { texts[$0.text].windows[$0.window] }, passes: models, progress: progress)
        try batches.forEach { range in
            let states = models.enumerated().map {
                journal?.states(ofModel: $0, $1, windows: batches.windows[range])
            }
            let computed = try score(range, of: batches, models, reference, recorder, states)
            for (window, list) in zip(range, computed) {
                let entry = WindowScores(batches.windows[window], scores: list, lengths: lengths)
                scores[places[window].text].windows.append(entry)
                try journal?.append(entry, ofText: places[window].text)
            }
            try journal?.endBatch()
            for keeper in states { keeper?.remove() }
        }
        for text in scores.indices { scores[text].windows.sort { $0.number < $1.number } }
        return scores
    }

    private func checkVocabularies(of models: [ForwardPass]) throws {
        for model in models where model.plan.vocabularySize != models[0].plan.vocabularySize {
            throw EvaluationError(
                .vocabularyMismatch(
                    size: model.plan.vocabularySize, referenceSize: models[0].plan.vocabularySize),
                file: model.path)
        }
    }

    /// Scores a batch of windows.
    ///
    /// - Returns: one list for each model, for each window.
    private func score(
        _ range: Range<Int>, of batches: WindowBatches, _ models: [ForwardPass], _ reference: Reference,
        _ recorder: (any PredictionRecorder)?, _ states: [(any StateKeeper)?]
    ) throws -> [[[TokenScore]]] {
        let (rows, tokens) = batches.scored(range)
        // What does not fit the windows should be seen before they are computed.
        if case .predictions(let stored) = reference { try stored.begin(batches.windows[range]) }
        try recorder?.begin(batches.windows[range])
        let predictions = Predictions(
            try models.enumerated().map { number, pass in
                (pass, try pass.finalStates(of: rows, in: batches.run(range, through: number, states: states[number])))
            })
        let tables = models.map { _ in ResultTable<TokenScore?>(repeating: nil, count: rows.count) }
        try predictions.forEachRow { row, logits in
            for (number, table) in tables.enumerated() {
                let comparison: LogitComparison? =
                    switch reference {
                    case .none: nil
                    case .firstModel:
                        number == 0
                            ? nil : LogitComparison(reference: logits[0], logits: logits[number], token: tokens[row])
                    case .predictions(let stored):
                        try stored.compare(row: row, logits: logits[number], token: tokens[row])
                    }
                table[row] = TokenScore(
                    logProbability: comparison?.logProbability
                        ?? LogProbability.of(tokens[row], logits: logits[number]),
                    comparison: comparison)
            }
            try recorder?.record(row: row, logits: logits[0])
        } groupEnd: {
            try recorder?.endRows($0)
        }
        let lists = tables.map { $0.values.map { $0! } }
        var start = 0
        return batches.windows[range].map { window in
            defer { start += window.scored.count }
            return lists.map { Array($0[start..<start + window.scored.count]) }
        }
    }
}

/// A reference's predictions that are stored somewhere, to compare models with.
package protocol StoredPredictions: AnyObject, Sendable {
    /// How the texts that the predictions are of were cut into windows.
    var cut: WindowCut { get }
    /// How activations were multiplied with weights; nil where that is not known.
    var precision: Precision? { get }
    /// The texts that the predictions are of, as windows of tokens.
    ///
    /// - Parameter cut: Which of the windows of each text are wanted.
    /// - Throws: ``EvaluationError`` if the tokenizer has too many tokens, or none of the windows is wanted.
    func texts(_ tokenizer: Tokenizer, cut: WindowCut) throws -> [TokenWindows]
    /// Refuses predictions that are of other texts, or of another vocabulary, than a run's.
    ///
    /// - Parameter isOfAllTexts: Whether the run takes its texts from here.
    /// - Throws: ``EvaluationError`` with what differs.
    func check(_ identity: PredictionIdentity, isOfAllTexts: Bool) throws
    /// Announces the windows whose rows will be asked for: those of all their scored tokens in turn, numbered from 0.
    ///
    /// - Throws: ``EvaluationError`` if one of them is not among the stored ones.
    func begin(_ windows: ArraySlice<EvaluationWindow>) throws
    /// Compares a model's prediction with the reference's; called from several threads.
    ///
    /// - Parameters:
    ///   - row: The number of the row among those announced.
    ///   - logits: The model's logits, one for each token of the vocabulary.
    ///   - token: The token that follows.
    /// - Throws: ``EvaluationError`` if the vocabulary is of another size or the stored row is damaged.
    func compare(row: Int, logits: UnsafeBufferPointer<Float>, token: Int32) throws -> LogitComparison
}

/// A receiver of a model's predictions.
package protocol PredictionRecorder: AnyObject, Sendable {
    /// Announces the windows whose rows follow: those of all their scored tokens in turn, numbered from 0.
    func begin(_ windows: ArraySlice<EvaluationWindow>) throws
    /// Receives the logits of one row; called from several threads, in any order.
    ///
    /// - Parameter row: The number of the row among those announced.
    func record(row: Int, logits: UnsafeBufferPointer<Float>) throws
    /// Announces that all of these rows have been received; called in their order.
    func endRows(_ rows: Range<Int>) throws
    /// Announces that all windows have been received.
    func finish() throws
}

/// A keeper of the scores of finished windows, so that a later run need not compute them again.
package protocol ScoreJournal: AnyObject {
    /// The windows of a text that an earlier run has finished, with their scores, in any order.
    ///
    /// - Parameter text: The number of the text in the run.
    func finishedWindows(ofText text: Int) -> [WindowScores]
    /// Keeps the scores of a finished window.
    ///
    /// - Parameter text: The number of the window's text in the run.
    func append(_ window: WindowScores, ofText text: Int) throws
    /// Announces that all windows of a batch have been appended, whose states are needed no more.
    func endBatch() throws
    /// What keeps the states of a batch.
    ///
    /// - Parameters:
    ///   - model: The number of the model in the run.
    ///   - pass: The model.
    ///   - windows: The batch.
    func states(ofModel model: Int, _ pass: ForwardPass, windows: ArraySlice<EvaluationWindow>) -> any StateKeeper
}

/// A keeper of scores in a file, beside which states are kept.
package protocol ScoreFileJournal: ScoreJournal {
    /// What identifies the run: runs with the same identity compute the same.
    var identity: PredictionIdentity { get }
    /// The path of the file that is kept.
    var path: String { get }
    /// The least time between two savings of the states of a batch.
    var stateInterval: Duration { get }
}

extension ScoreFileJournal {
    /// Does nothing: each window has been written.
    package func endBatch() {}

    /// A file beside that of the scores.
    package func states(
        ofModel model: Int, _ pass: ForwardPass, windows: ArraySlice<EvaluationWindow>
    ) -> any StateKeeper {
        StateFile(
            path: path, identity: identity, model: model, windows: windows, columns: pass.plan.embeddingLength,
            interval: stateInterval)
    }
}
