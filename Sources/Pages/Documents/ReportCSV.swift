extension ModelReport {
    /// The report as CSV of RFC 4180, a figure a line: `model,section,row,measure,value,standard_error`, with all digits.
    package var csv: String {
        var lines = CSVLines()
        for model in models {
            lines.model = model.name
            lines.add("file", "", "bytes", "\(model.fileBytes)")
            lines.add("file", "", "bits_per_weight", "\(model.bitsPerWeight)")
            lines.add("file", "", "type", model.file.type)
            if let recipe = model.file.recipe { lines.add("file", "", "recipe", recipe) }
            lines.add("file", "", "memory_bytes", "\(model.file.memory.bytes)")
            for file in model.file.files { lines.add("file", file.name, "sha256", file.sha256) }
            for text in model.texts { lines.add(text, isReference: model.name == models.first?.name) }
            if let divergence = model.divergence { lines.add("all texts", "", divergence) }
            for task in (model.tasks ?? []) + [model.allTasks].compactMap({ $0 }) { lines.add(task) }
            for tensor in model.weights?.tensors ?? [] {
                guard let error = tensor.relativeRMSE else { continue }
                lines.add("weights", tensor.name ?? "", "relative_rmse", "\(error)")
            }
        }
        for group in groups {
            for averages in group.models {
                lines.model = averages.model
                lines.add(averages, of: group.name)
            }
        }
        return lines.text
    }
}

/// Lines of CSV about one model after another.
private struct CSVLines {
    private(set) var text = "model,section,row,measure,value,standard_error\r\n"
    var model = ""

    mutating func add(_ section: String, _ row: String, _ measure: String, _ value: String, _ error: String = "") {
        text += [model, section, row, measure, value, error].map(Self.field).joined(separator: ",") + "\r\n"
    }

    private mutating func add(_ section: String, _ row: String, _ measure: String, _ estimate: Estimate?) {
        guard let value = estimate?.value else { return }
        add(section, row, measure, "\(value)", estimate?.standardError.map { "\($0)" } ?? "")
    }

    mutating func add(_ text: TextFigures, isReference: Bool) {
        add("text", text.name, "perplexity", "\(text.perplexity)", "\(text.standardError)")
        add("text", text.name, "perplexity_per_character", text.perplexityPerCharacter)
        add("text", text.name, "perplexity_per_byte", text.perplexityPerByte)
        add("text", text.name, "nats_per_token", text.nats.perToken)
        if !isReference, let divergence = text.divergence { add("text", text.name, divergence) }
    }

    /// The figures beside the reference, or why there are none.
    mutating func add(_ section: String, _ row: String, _ divergence: Nullable<DivergenceFigures>) {
        guard let figures = divergence.value else {
            return add(section, row, "kl_divergence", ReportTables.otherTokenizer)
        }
        add(section, row, "perplexity_ratio", figures.perplexityRatio)
        add(section, row, "perplexity_difference", figures.perplexityDifference)
        add(section, row, "kl_divergence", figures.mean)
        for (part, value) in figures.quantiles.sorted(by: { $0.key < $1.key }) {
            add(section, row, "kl_divergence_quantile_\(part)", "\(value)")
        }
        add(section, row, "probability_change_rms", figures.probabilityChangeRMS)
        add(section, row, "same_top", figures.topAgreement)
    }

    mutating func add(_ task: TaskFigures) {
        add("task", task.name, "acc", task.model.acc)
        add("task", task.name, "acc_norm", task.model.accNorm)
        add("task", task.name, "acc_bytes", task.model.accBytes)
        add("task", task.name, "acc_difference", task.agreement?.accDifference)
        add("task", task.name, "same_answer", task.agreement?.sameAnswer)
    }

    mutating func add(_ averages: ModelReport.Averages, of group: String) {
        add("group", group, "perplexity", averages.perplexity)
        add("group", group, "perplexity_per_character", averages.perplexityPerCharacter)
        add("group", group, "perplexity_per_byte", averages.perplexityPerByte)
        let compared = [
            ("perplexity_ratio", averages.perplexityRatio), ("perplexity_difference", averages.perplexityDifference),
            ("kl_divergence", averages.divergence), ("probability_change_rms", averages.probabilityChangeRMS),
            ("same_top", averages.topAgreement),
        ]
        for (measure, estimate) in compared {
            guard let estimate else { continue }
            if let value = estimate.value {
                add("group", group, measure, value)
            } else {
                add("group", group, measure, ReportTables.otherTokenizer)
            }
        }
    }

    private static func field(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { "\",\r\n".unicodeScalars.contains($0) }) else { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" { quoted += "\"" }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }
}
