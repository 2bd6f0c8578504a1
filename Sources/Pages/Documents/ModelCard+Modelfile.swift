import Reporting

extension ModelCard {
    /// ollama's description of the recommended file; nil if there is no GGUF file.
    package var modelfile: String? {
        guard let model = recommended, let file = model.file.files.first?.name else { return nil }
        var lines: [DisplayText] = [
            "# Made by Swage \(report.version). Any other file of the repository can stand here.", "FROM ./\(file)",
            "PARAMETER num_ctx \(model.file.memory.context)",
        ]
        for (key, name) in Self.parameters {
            if let value = model.file.metadata["general.sampling.\(key)"]?.first.flatMap(Double.init) {
                lines.append("PARAMETER \(name) \(Self.number(value))")
            }
        }
        if let template = frame?.template {
            lines.append("TEMPLATE \"\"\"\(DisplayText(lines: template))\"\"\"")
            if let stop = frame?.stop { lines.append("PARAMETER stop \"\(stop)\"") }
        }
        return lines.joined(separator: "\n").text + "\n"
    }

    /// The keys of files, and what ollama calls them.
    private static let parameters: KeyValuePairs<String, String> = [
        "temp": "temperature", "top_k": "top_k", "top_p": "top_p", "min_p": "min_p",
        "penalty_repeat": "repeat_penalty",
    ]

    private static func number(_ value: Double) -> String {
        value == value.rounded() && value.magnitude < 1e9 ? "\(Int(value))" : "\(value)"
    }
}

extension ChatFrame {
    /// A template as ollama has it; nil if the frame has signs that mean something there.
    fileprivate var template: String? {
        let parts = [beforeSystem, afterSystem ?? "", beforePrompt, afterPrompt, afterAnswer]
        guard parts.allSatisfy({ !$0.contains("{{") && !$0.contains("\"\"\"") }) else { return nil }
        let system = afterSystem.map { "{{ if .System }}\(beforeSystem){{ .System }}\($0){{ end }}" } ?? ""
        return system
            + "{{ if .Prompt }}\(beforePrompt){{ .Prompt }}{{ end }}\(afterPrompt){{ .Response }}\(afterAnswer)"
    }

    /// What ends an answer; nil if nothing on one line does.
    fileprivate var stop: String? {
        let lines = afterAnswer.split(whereSeparator: \.isNewline)
        guard let line = lines.first, !line.contains("\"") else { return nil }
        return String(line)
    }
}
