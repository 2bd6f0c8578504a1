import Reporting

/// The documents of a repository that holds the files of a report: a card for HuggingFace, a Modelfile for ollama, a chart.
package struct ModelCard {
    let report: ModelReport
    let details: CardDetails
    let frame: ChatFrame?

    /// The documents of a report.
    ///
    /// - Parameters:
    ///   - report: What was measured.
    ///   - details: What nobody has measured.
    ///   - frame: What stands around the parts of a conversation; nil if it is not known.
    package init(_ report: ModelReport, details: CardDetails, frame: ChatFrame? = nil) {
        self.report = report
        self.details = details
        self.frame = frame
    }

    /// The models that are GGUF files.
    var files: [ModelReport.Model] { report.models.filter { !$0.file.isCheckpoint } }

    /// What the first file, or else the original, says under a key.
    func statement(_ key: String) -> [String] {
        let models = files + report.models
        return models.lazy.compactMap { $0.file.metadata["general.\(key)"] }.first ?? []
    }

    /// The file that most people should take: of those that a card of 24 GB holds the one nearest the original.
    var recommended: ModelReport.Model? {
        let compared = files.filter { $0.divergence?.value?.mean.value != nil }
        let candidates = compared.isEmpty ? files : compared
        let held = candidates.filter { $0.file.memory.cardGiB.map { $0 <= 24 } ?? false }
        func divergence(_ model: ModelReport.Model) -> Double { model.divergence?.value?.mean.value ?? 0 }
        return held.min { (divergence($0), $0.fileBytes) < (divergence($1), $1.fileBytes) }
            ?? candidates.min { $0.fileBytes < $1.fileBytes }
    }

    /// The original's repository.
    var baseModel: String? {
        if let named = details.baseModel { return named }
        let prefix = "https://huggingface.co/"
        return statement("source.repo_url").first.flatMap {
            $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : nil
        }
    }

    /// What the original is called.
    var title: String { statement("name").first ?? baseModel ?? report.models.first?.name ?? "" }

    /// The identifiers of known licenses, and the license of the weights if it is another.
    var licenses: (known: [String], weights: CardDetails.License?) {
        let known = statement("license").flatMap { $0.split(separator: ",").map(String.init) }.filter { $0 != "other" }
        let named = statement("license.name").first.map {
            CardDetails.License(name: $0, link: statement("license.link").first ?? "")
        }
        return (known, details.weightsLicense ?? named)
    }

    /// Who has quantized the model.
    var quantizedBy: String? { details.quantizedBy ?? statement("quantized_by").first }

    // MARK: Front matter

    /// What HuggingFace reads before the text.
    var frontMatter: DisplayText {
        var lines: [DisplayText] = ["---"]
        func add(_ key: DisplayText, _ value: String?) {
            if let value, !value.isEmpty { lines.append(key + ": " + Self.scalar(value)) }
        }
        func add(_ key: DisplayText, _ values: [String]) {
            guard !values.isEmpty else { return }
            lines.append(key + ":")
            lines += values.map { "- " + Self.scalar($0) }
        }
        add("base_model", baseModel)
        if baseModel != nil { add("base_model_relation", "quantized") }
        let (known, weights) = licenses
        let all = known + (weights == nil ? [] : ["other"])
        if all.count == 1 { add("license", all[0]) } else { add("license", all) }
        add("license_name", weights?.name)
        add("license_link", weights?.link)
        add("language", statement("languages"))
        add("library_name", "gguf")
        add("pipeline_tag", "text-generation")
        let made = files.contains { $0.file.made.contains { $0.name == "importance matrix" } } ? ["imatrix"] : []
        let tags = statement("tags").filter { $0 != "text-generation" } + ["gguf", "swage"] + made
        var seen: Set<String> = []
        add("tags", tags.filter { seen.insert($0).inserted })
        add("quantized_by", quantizedBy)
        return (lines + ["---"]).joined(separator: "\n")
    }

    /// A text of any origin between quotation marks, as YAML has it.
    private static func scalar(_ text: String) -> DisplayText {
        var quoted = ""
        for scalar in DisplayText(line: text).text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { quoted += "\\" }
            quoted.unicodeScalars.append(scalar)
        }
        return "\"\(quoted)\""
    }
}
