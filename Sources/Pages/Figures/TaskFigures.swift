/// How a model answers the questions of a task, and how its answers differ from a reference's, as JSON has it.
package struct TaskFigures: Codable, Sendable, Hashable {
    /// The shares of right answers, by three ways to choose.
    package struct Accuracy: Codable, Sendable, Hashable {
        package let acc: Estimate
        package let accNorm: Estimate
        package let accBytes: Estimate
        /// Choices whose prompt was longer than the model's context.
        package let cutPrompts: Int

        private enum CodingKeys: String, CodingKey {
            case acc
            case accNorm = "acc_norm"
            case accBytes = "acc_bytes"
            case cutPrompts
        }

        /// Accuracies by log-likelihood, per character and per byte.
        package init(acc: Estimate, accNorm: Estimate, accBytes: Estimate, cutPrompts: Int) {
            self.acc = acc
            self.accNorm = accNorm
            self.accBytes = accBytes
            self.cutPrompts = cutPrompts
        }
    }

    /// How answers differ from the reference's, by acc.
    package struct Agreement: Codable, Sendable, Hashable {
        package let sameAnswer: Estimate
        package let accDifference: Estimate
        package let bothRight: Int
        package let onlyModelRight: Int
        package let onlyReferenceRight: Int
        package let bothWrong: Int

        /// The counts of questions, and what they come to.
        package init(
            sameAnswer: Estimate, accDifference: Estimate, bothRight: Int, onlyModelRight: Int,
            onlyReferenceRight: Int, bothWrong: Int
        ) {
            self.sameAnswer = sameAnswer
            self.accDifference = accDifference
            self.bothRight = bothRight
            self.onlyModelRight = onlyModelRight
            self.onlyReferenceRight = onlyReferenceRight
            self.bothWrong = bothWrong
        }
    }

    /// The name of the task in reports.
    package let name: String
    /// How the task asks; nil for several tasks together.
    package let form: String?
    package let questions: Int
    /// The accuracy of guessing.
    package let chance: Double
    package let model: Accuracy
    package let reference: Accuracy?
    package let agreement: Agreement?

    /// The figures of a model, and of its reference if there is one.
    package init(
        name: String, form: String?, questions: Int, chance: Double, model: Accuracy, reference: Accuracy?,
        agreement: Agreement?
    ) {
        self.name = name
        self.form = form
        self.questions = questions
        self.chance = chance
        self.model = model
        self.reference = reference
        self.agreement = agreement
    }
}

/// How far the weights of a model are from the original's, as JSON has it.
package struct WeightFigures: Codable, Sendable, Hashable {
    /// A tensor, all tensors of a role, or everything.
    package struct Entry: Codable, Sendable, Hashable {
        /// The tensor's name, or the role's; nil for everything.
        package let name: String?
        /// What the tensor is for, as its name has it, such as `attn_q`.
        package let role: String?
        package let layer: Int?
        /// The type that it is stored in.
        package let type: String?
        package let elements: Int
        /// The root of the mean squared error over that of the original weights; nil where they are all zero.
        package let relativeRMSE: Double?
        package let cosine: Double?
        /// Below 1 the weights have shrunk.
        package let gain: Double?

        /// An entry; figures that are not finite are left out.
        package init(
            name: String?, role: String?, layer: Int?, type: String?, elements: Int, relativeRMSE: Double,
            cosine: Double, gain: Double
        ) {
            self.name = name
            self.role = role
            self.layer = layer
            self.type = type
            self.elements = elements
            self.relativeRMSE = relativeRMSE.isFinite ? relativeRMSE : nil
            self.cosine = cosine.isFinite ? cosine : nil
            self.gain = gain.isFinite ? gain : nil
        }
    }

    package let all: Entry
    /// All tensors of each role together.
    package let roles: [Entry]
    package let tensors: [Entry]

    /// The errors of a model's weights.
    package init(all: Entry, roles: [Entry], tensors: [Entry]) {
        self.all = all
        self.roles = roles
        self.tensors = tensors
    }
}
