import Journals
import Parallelism
import Runtime
import Tokenizers

/// Answers the questions of tasks by the log-likelihoods of their choices.
package struct ChoiceEvaluation: Sendable {
    /// An evaluation; it has no settings of its own.
    package init() {}

    /// Computes the log-likelihood of every choice of every question.
    ///
    /// - Parameters:
    ///   - pass: The model; contexts longer than its own are cut on the left.
    ///   - tokenizer: The model's.
    ///   - tasks: The tasks whose questions are asked.
    ///   - journal: Where finished work is kept and found again, and what the names of its records begin with.
    ///   - progress: Called with the finished share of the work, from 0 to 1.
    /// - Returns: A result for each task.
    /// - Throws: ``EvaluationError`` if a question does not fit the tokenizer or the model's context, or a result is
    ///   not finite; `FileError`.
    package func run(
        _ pass: ForwardPass, tokenizer: Tokenizer, tasks: [EvaluationTask],
        journal: (journal: Journal, name: String)? = nil, progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) throws -> [TaskResult] {
        let sequences = try ChoiceSequences(tasks, tokenizer: tokenizer, contextLength: pass.plan.contextLength)
        var logLikelihoods = sequences.candidates.map { $0.map { $0.map { _ in 0.0 } } }
        let sums = try sums(
            of: sequences.windows.indices, sequences, pass, tasks: tasks, journal: journal, progress: progress)
        for (place, sum) in zip(Self.places(in: sequences).joined(), sums) {
            logLikelihoods[place.task][place.question][place.candidate] = sum
        }
        return tasks.enumerated().map { number, task in
            TaskResult(task, sequences: sequences.candidates[number], logLikelihoods: logLikelihoods[number])
        }
    }

    /// Computes the log-likelihoods of some of the choices: those that follow some of the sequences of tokens.
    ///
    /// - Parameters:
    ///   - range: The places of the sequences, as ``sequenceLengths(of:tokenizer:contextLength:)`` has them.
    ///   - pass: The model; contexts longer than its own are cut on the left.
    ///   - tokenizer: The model's.
    ///   - tasks: The tasks whose questions are asked.
    ///   - journal: Where finished work is kept and found again, and what the names of its records begin with.
    ///   - progress: Called with the finished share of the work, from 0 to 1.
    /// - Returns: Those of each sequence after each other.
    /// - Throws: What ``run(_:tokenizer:tasks:journal:progress:)`` throws.
    package func sums(
        ofSequences range: Range<Int>, _ pass: ForwardPass, tokenizer: Tokenizer, tasks: [EvaluationTask],
        journal: (journal: Journal, name: String)?, progress: @escaping @Sendable (Double) -> Void
    ) throws -> [Double] {
        let sequences = try ChoiceSequences(tasks, tokenizer: tokenizer, contextLength: pass.plan.contextLength)
        return try sums(of: range, sequences, pass, tasks: tasks, journal: journal, progress: progress)
    }

    /// The sequences of tokens that the choices of all questions follow.
    ///
    /// - Parameters:
    ///   - tasks: The tasks whose questions are asked.
    ///   - tokenizer: The model's.
    ///   - contextLength: The most tokens that the model sees.
    /// - Returns: The tokens of each sequence, and the choices that follow it.
    /// - Throws: ``EvaluationError`` if a question does not fit the tokenizer or the model's context.
    package func sequenceLengths(
        of tasks: [EvaluationTask], tokenizer: Tokenizer, contextLength: Int
    ) throws -> [(tokenCount: Int, choiceCount: Int)] {
        let sequences = try ChoiceSequences(tasks, tokenizer: tokenizer, contextLength: contextLength)
        return zip(sequences.windows, Self.places(in: sequences)).map { ($0.tokens.count, $1.count) }
    }

    /// Keeps the log-likelihoods of all choices where a run finds them.
    ///
    /// - Parameters:
    ///   - sums: Those of each sequence after each other.
    ///   - sequenceCount: The number of sequences.
    ///   - journal: Where they are kept.
    ///   - name: What the names of the records begin with.
    package static func keep(_ sums: [Double], sequenceCount: Int, in journal: Journal, name: String) throws {
        try JournaledAnswers(journal, name: name).append(sums, windowCount: sequenceCount)
    }

    private func sums(
        of selection: Range<Int>, _ sequences: ChoiceSequences, _ pass: ForwardPass, tasks: [EvaluationTask],
        journal: (journal: Journal, name: String)?, progress: @escaping @Sendable (Double) -> Void
    ) throws -> [Double] {
        let places = Array(Self.places(in: sequences)[selection])
        let batches = WindowBatches(
            windows: Array(sequences.windows[selection]), passes: [pass], progress: progress)
        let answers = journal.map { JournaledAnswers($0.journal, name: $0.name) }
        let kept = try answers?.load(places.map(\.count)) ?? []
        var sums = kept.flatMap { $0 }
        try batches.forEach(from: kept.count) { range in
            let entries = range.flatMap { places[$0] }
            let tokens = entries.map { sequences.candidates[$0.task][$0.question][$0.candidate].tokens }
            let states = answers?.states(of: batches.windows[range], pass)
            let found = try logProbabilities(
                of: tokens, after: entries.map { $0.window - selection.lowerBound }, range, of: batches, states)
            for (entry, sum) in zip(entries, found) where !sum.isFinite {
                throw EvaluationError(.nonFiniteResult, file: tasks[entry.task].path)
            }
            sums += found
            try answers?.append(found, windowCount: range.count)
            states?.remove()
        }
        return sums
    }

    /// A candidate by its window, its task, its question and its number there.
    private struct Place {
        let window: Int
        let task: Int
        let question: Int
        let candidate: Int
    }

    /// The candidates of each window.
    private static func places(in sequences: ChoiceSequences) -> [[Place]] {
        var places = sequences.windows.map { _ in [Place]() }
        for (task, questions) in sequences.candidates.enumerated() {
            for (question, candidates) in questions.enumerated() {
                for (number, candidate) in candidates.enumerated() {
                    places[candidate.window].append(
                        Place(window: candidate.window, task: task, question: question, candidate: number))
                }
            }
        }
        return places
    }

    /// The log-probability of each list of tokens: the last of them follows its window, the others are the window's end.
    private func logProbabilities(
        of lists: [TokenSequence], after windows: [Int], _ range: Range<Int>, of batches: WindowBatches,
        _ states: (any StateKeeper)?
    ) throws -> [Double] {
        // The window's last rows predict the tokens that are scored.
        var rows: [Int] = []
        var rowEnds: [Int] = []
        var end = 0
        for window in batches.windows[range] {
            end += window.tokens.count
            rows += end - window.scored.count..<end
            rowEnds.append(rows.count)
        }
        var targets = [[(list: Int, token: Int)]](repeating: [], count: rows.count)
        for (list, tokens) in lists.enumerated() {
            let start = rowEnds[windows[list] - range.lowerBound] - tokens.count
            for token in tokens.indices { targets[start + token].append((list, token)) }
        }
        let pass = batches.passes[0]
        let final = try pass.finalStates(of: rows, in: batches.run(range, through: 0, states: states))
        let tables = lists.map { ResultTable<Double>(repeating: 0, count: $0.count) }
        try Predictions([(pass, final)]).forEachRow { [targets] row, logits in
            let total = LogProbability.logSumExp(logits[0])
            for (list, token) in targets[row] {
                tables[list][token] = Double(logits[0][Int(lists[list][token])]) - total
            }
        }
        return tables.map { $0.values.reduce(0, +) }
    }
}
