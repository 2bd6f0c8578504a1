import Calibration
import Files
import Importance
import ModelArchitecture
import Models
import Recipes
import Tensors

extension Quantization {
    /// What the user should know before the result is used; one line for each thing to say, not one for each tensor.
    func warnings(
        about assignments: [TypeAssignment], of model: Model, importance: ImportanceMatrix?
    ) -> [Message] {
        var remarks = Remarks()
        for assignment in assignments {
            if let wanted = assignment.fallbackFrom {
                remarks.add(fallback(of: assignment, from: wanted, in: model), about: assignment)
            }
            guard assignment.type.isQuantized, let entry = importance?.entries[assignment.tensor.name] else { continue }
            let unseen = entry.expertCount(below: 1)
            let rare = entry.expertCount(below: ImportanceMatrix.priorRowCount) - unseen
            if unseen > 0 {
                remarks.add(
                    "\(unseen) of \(entry.expertCount) experts saw no calibration token and are encoded with the mean "
                        + "importance of the others", about: assignment)
            }
            if rare > 0, entry.expertCount > 1 {
                remarks.add(
                    "\(rare) of \(entry.expertCount) experts saw fewer than \(Int(ImportanceMatrix.priorRowCount)) "
                        + "calibration tokens; their importance is drawn toward the mean of the layer",
                    about: assignment)
            }
        }
        return warningsAboutNames(Set(assignments.map(\.tensor.name))) + remarks.lines
    }

    /// What is wrong with an importance matrix that can be used all the same: it is of another model, says nothing of some
    /// matrices, or speaks of tensors that are not there.
    func warnings(
        aboutImportanceOf inputs: QuantizationInputs, _ assignments: [TypeAssignment], fitted: OpenedHessian?
    ) -> [Message] {
        guard let importance = inputs.importance, let importancePath = inputs.guidance.importancePath else { return [] }
        // Not the embedding, which has no inputs, nor the output, which llama-imatrix leaves out.
        let unknown = assignments.filter {
            $0.type.isQuantized && importance.entries[$0.tensor.name] == nil && fitted?.fitted[$0.tensor.name] == nil
                && TensorName(gguf: $0.tensor.name)?.layer != nil
        }
        let extra = Set(importance.entries.keys).subtracting(assignments.map(\.tensor.name)).sorted()
        let unguided = inputs.guidance.texts == nil ? Self.shortList(unknown.map(\.tensor.name)) : nil
        return [
            inputs.importanceWarning,
            unguided.map {
                "\(importancePath): nothing was collected for \($0); all columns count alike in them: collect it again from "
                    + "this model with \(run: .collectImportance)"
            },
            Self.shortList(extra).map {
                "\(importancePath): it has \($0), which the model has not; see that it was collected from this model"
            },
        ].compactMap { $0 }
    }

    /// The first name and how many follow; nil if there is none.
    fileprivate static func shortList(_ names: [String]) -> String? {
        guard let first = names.first else { return nil }
        let others = names.count - 1
        return others > 0 ? "\(first) and \(others) more \(others == 1 ? "tensor" : "tensors")" : first
    }

    /// What a substitute costs, and how to do without it.
    private func fallback(of assignment: TypeAssignment, from wanted: TensorType, in model: Model) -> Message {
        let cost: Message =
            "rows of \(assignment.tensor.shape.rowLength) are no whole blocks of \(wanted.name); stored as "
            + "\(assignment.type.name), \(assignment.type.bitsPerElement) bits per weight instead of "
            + "\(wanted.bitsPerElement)"
        switch TensorName(gguf: assignment.tensor.name)?.role {
        case .expertsDown, .sharedDown:
            return cost
                + (model.checkpoint == nil
                    ? "; convert the checkpoint with \(.expertPadding, "on") to avoid it"
                    : "; \(.expertPadding, "on") avoids it")
        default: return cost
        }
    }

    /// Rules that are about nothing.
    private func warningsAboutNames(_ tensors: Set<String>) -> [Message] {
        var warnings: [Message] = []
        let (embedding, output) = (TensorName(.tokenEmbedding).gguf, TensorName(.output).gguf)
        for rule in recipe.applying(options).rules {
            if let pattern = rule.pattern, !tensors.contains(where: pattern.finds) {
                warnings.append("\(pattern) matches no tensor")
            }
            let missing = rule.names.subtracting(tensors).subtracting([embedding, output]).sorted()
            if let first = missing.first {
                let others = missing.count > 1 ? " and \(missing.count - 1) more" : ""
                warnings.append("\(first)\(others): named by the recipe, but not in the model")
            }
        }
        if options.leavesOutput, !tensors.contains(output) {
            warnings.append("the model has no output matrix of its own to leave: the embedding serves, and is encoded")
        }
        return warnings
    }
}

/// Things to say, each with the tensors that it is about.
private struct Remarks {
    private var texts: [Message] = []
    private var tensors: [Message: [String]] = [:]

    mutating func add(_ text: Message, about assignment: TypeAssignment) {
        if tensors[text] == nil { texts.append(text) }
        tensors[text, default: []].append(assignment.tensor.name)
    }

    var lines: [Message] {
        texts.map { text in
            "\(Quantization.shortList(tensors[text] ?? []) ?? ""): \(text)"
        }
    }
}
