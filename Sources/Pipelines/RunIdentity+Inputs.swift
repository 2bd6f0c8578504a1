import Digests
import Evaluation
import Journals
import Models
import Numerics
import Runtime
import Tokenizers

extension RunIdentity {
    /// The identity of some work, with what decides the last bits of all results: the version and the kernels.
    ///
    /// - Parameters:
    ///   - work: What is done.
    ///   - precision: How activations are multiplied with weights.
    init(_ work: String, precision: Precision = .reference) {
        self.init()
        add("the kind of work", work)
        add("the version of Swage", SwageVersion.current)
        add("the kind of processor", BLAS.coreName)
        if precision != .reference { add("the precision of products", precision.rawValue) }
    }

    /// Adds models by samples of their weights, their sizes and their tokenizers.
    mutating func add(_ name: String, _ models: [Model]) throws {
        let parts = try models.map { model in
            let tokenizer = Fingerprint.of(model.tokenizer)
            return "\(model.name) \(try Fingerprint.of(model)) \(try model.fileByteCount) \(tokenizer)"
        }
        add(name, parts.joined(separator: ", "))
    }

    /// Adds texts by their names and their content.
    mutating func add(_ texts: [EvaluationText]) {
        add("the texts", texts.map { "\($0.name) \(Fingerprint.of($0))" }.joined(separator: ", "))
    }

    /// Adds tasks by their names, their forms and their questions.
    mutating func add(_ tasks: [EvaluationTask]) {
        let digests = tasks.map { task in
            var digest = SHA256()
            for question in task.questions {
                digest.update(Array("\(question.line) \(question.answer)\n".utf8))
                for choice in question.candidates {
                    digest.update(Array("\(choice.context.debugDescription) \(choice.continuation)\n".utf8))
                }
            }
            return "\(task.name) \(task.form) \(digest.hexadecimal)"
        }
        add("the tasks", digests.joined(separator: ", "))
    }

    /// Adds windows by their tokens, and by which of them are scored.
    mutating func add(_ name: String, _ windows: [EvaluationWindow]) {
        let scored = SHA256.hexadecimal(of: Array(windows.map { "\($0.scored)\n" }.joined().utf8))
        add(name, "\(Fingerprint.of(windows.map(\.tokens))) \(scored)")
    }
}
