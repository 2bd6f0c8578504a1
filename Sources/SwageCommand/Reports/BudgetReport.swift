import ModelArchitecture
import Models
import Pipelines
import Recipes
import Reporting

/// What a budget has come to, in words.
struct BudgetReport {
    let outcome: Budget.Outcome
    let budget: BudgetOptions
    let model: Model

    /// - Parameters:
    ///   - measured: on windows that nothing was fitted to; nil if nothing was written.
    ///   - output: the file.
    func text(measured: HeldOutDivergence.Result?, output: String?) -> DisplayText {
        var lines = outcome.plan.typeCounts.map { DisplayText(line: $0) }
        var divergence = "KL divergence: \(Figures.significant(outcome.predicted, 3)) predicted"
        if let measured {
            divergence +=
                ", \(Figures.significant(measured.divergence, 3)) measured on \(measured.windowCount) windows held out"
        }
        lines.append(DisplayText(line: divergence))
        if let mix = outcome.mix, mix.predicted > 0 {
            let change = Figures.percent(1 - outcome.predicted / mix.predicted)
            lines.append(
                "\(mix.name), the best mix that is no larger (\(Figures.bytes(mix.fileByteCount))): "
                    + "\(Figures.significant(mix.predicted, 3)) predicted, so this is \(change) less")
        }
        lines.append("run it: \(command(output ?? "MODEL.gguf"))")
        return lines.joined(separator: "\n") + "\n"
    }

    /// llama.cpp's command line.
    private func command(_ path: String) -> String {
        if case .divided(let device, _)? = budget.budget(for: model)?.limit {
            return ExpertDivision(of: outcome.plan.assignments, on: device, model.plan)
                .command(path, context: device.context)
        }
        var words = ["llama-server", "-m", path, "-ngl", "99"]
        if budget.fit != nil {
            words += ["-c", String(budget.use.context ?? DeviceMemory.usualContext(model.plan))]
            if budget.use.kv == .q8_0 { words += ["-fa", "on", "-ctk", "q8_0", "-ctv", "q8_0"] }
        }
        return words.joined(separator: " ")
    }
}

extension Quantization.Plan {
    /// A line for every type, with the tensors that have it by role.
    fileprivate var typeCounts: [String] {
        let quantized = assignments.filter { $0.type.isQuantized }
        let byType = Dictionary(grouping: quantized, by: \.type)
        let types = byType.sorted { ($0.key.bitsPerElement, $0.key.name) < ($1.key.bitsPerElement, $1.key.name) }
        return types.map { type, assignments in
            let names = assignments.compactMap { TensorName(gguf: $0.tensor.name) }
            let parts = Dictionary(grouping: names, by: \.role.stem).sorted { $0.key < $1.key }.map { role, tensors in
                let layers = tensors.compactMap(\.layer).sorted()
                return layers.isEmpty ? role : "\(role) \(layers.ranges)"
            }
            return "\(type.name): \(parts.joined(separator: ", "))"
        }
    }
}

extension [Int] {
    /// `0-3,7` of 0, 1, 2, 3 and 7.
    fileprivate var ranges: String {
        var parts: [ClosedRange<Int>] = []
        for number in self {
            if let last = parts.last, last.upperBound + 1 == number {
                parts[parts.count - 1] = last.lowerBound...number
            } else {
                parts.append(number...number)
            }
        }
        return parts.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }
}
