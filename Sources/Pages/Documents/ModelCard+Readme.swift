import Reporting

extension ModelCard {
    /// The card: `README.md` of the repository.
    package var readme: String {
        var parts: [DisplayText] = [
            frontMatter, "# \(text(title)) as GGUF", introduction, "## Files", fileTable, fileNote,
        ]
        if DivergenceChart(report) != nil {
            parts += ["![KL divergence against size](kl-size.svg)"]
        }
        parts += ["## Running"] + running + ["## Figures"] + figures + ["## How the files were made"] + making
        parts += ["## License", license]
        return parts.joined(separator: "\n\n").text + "\n"
    }

    private func text(_ text: String) -> DisplayText { Markdown.text(text) }

    private var introduction: DisplayText {
        let original: DisplayText =
            baseModel.map { "[\(text($0))](https://huggingface.co/\(Self.url($0)))" } ?? text(title)
        let version = text(report.version)
        return
            "Quantizations of \(original), made and measured with Swage \(version); they run in llama.cpp and ollama."
    }

    /// A path as links have it: everything but letters, digits and a few signs in percents.
    private static func url(_ path: String) -> String {
        path.utf8.map { byte in
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "-_./".utf8.contains(byte)
            let digits = String(byte, radix: 16, uppercase: true)
            return isPlain ? String(UnicodeScalar(byte)) : "%" + (digits.count < 2 ? "0" : "") + digits
        }.joined()
    }

    // MARK: Files

    private var fileTable: DisplayText {
        var table = FigureTable(
            "Files",
            [
                .init("file"), .init("type"), .init("size", .right), .init("bits per weight", .right),
                .init("KL divergence", .right), .init("same top", .right), .init("for a card of", .right),
            ])
        for model in files.sorted(by: { $0.fileBytes > $1.fileBytes }) {
            let divergence = model.divergence?.value
            let isOther = model.notCompared
            table.append(
                model.file.files.first?.name ?? model.name,
                [
                    .init(model.file.recipe ?? model.file.type),
                    .init(Figures.bytes(model.fileBytes), Double(model.fileBytes)),
                    .init(Shown.bits(model.bitsPerWeight), model.bitsPerWeight),
                    .init(
                        isOther ?? Shown.estimate(divergence?.mean, Shown.divergence), divergence?.mean.value),
                    .init(isOther ?? Shown.percents(divergence?.topAgreement, 2), divergence?.topAgreement.value),
                    .init(Shown.card(model.file.memory), model.file.memory.cardGiB.map(Double.init)),
                ])
        }
        return table.table.markdown
    }

    private var fileNote: DisplayText {
        let context = files.first?.file.memory.context ?? 0
        let advice: DisplayText =
            recommended.map { "\n\nIf unsure, take **\(text($0.file.files.first?.name ?? $0.name))**." } ?? ""
        return """
            The card is the smallest that holds weights, a cache of \(context) tokens in half precision, working memory and \
            1 GiB for the driver.\(advice)
            """
    }

    // MARK: Running

    private var running: [DisplayText] {
        guard let model = recommended, let file = model.file.files.first?.name else {
            return ["No GGUF file was measured."]
        }
        let context = model.file.memory.context
        var server: DisplayText = "llama-server -m \(Self.word(file)) -ngl 99 -c \(context)"
        if let repository = details.repository {
            server =
                server + "\nllama-server -hf \(Self.word("\(repository):\(model.file.type)")) -ngl 99 -c \(context)"
        }
        let stem = file.hasSuffix(".gguf") ? String(file.dropLast(5)) : file
        let name = Self.word(
            stem.lowercased().filter { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) })
        return [
            "With llama.cpp:", Self.code(server), "With ollama, by the Modelfile beside this card:",
            Self.code("ollama create \(name) -f Modelfile\nollama run \(name)"),
        ]
    }

    private static func word(_ text: String) -> String {
        text.contains { " '\"$`\\&|;<>()".contains($0) } ? "'\(text)'" : text
    }

    private static func code(_ lines: DisplayText) -> DisplayText { "```\n\(lines)\n```" }

    // MARK: Figures

    private var figures: [DisplayText] {
        let tables = ReportTables(report)
        let shown = tables.texts + [tables.tasks].compactMap { $0 }
        return shown.map(\.table.markdown) + [Markdown.list(report.notes)]
    }

    // MARK: Making

    private var making: [DisplayText] {
        let told = files.filter { !$0.file.made.isEmpty }
        guard !told.isEmpty else { return ["The files do not say how they were made."] }
        return told.flatMap { model -> [DisplayText] in
            let steps = Markdown.list(model.file.made.map { "\($0.name): \($0.value)" })
            let commands = model.file.commands.map { DisplayText(line: $0) }.joined(separator: "\n")
            let heading: DisplayText = "### \(text(model.name))"
            return [heading, steps] + (model.file.commands.isEmpty ? [] : [Self.code(commands)])
        } + [checksums]
    }

    private var checksums: DisplayText {
        let lines = files.flatMap(\.file.files).map { "\($0.sha256)  \($0.name)" }
        return "SHA-256:\n\n" + Self.code(lines.map { DisplayText(line: $0) }.joined(separator: "\n"))
    }

    // MARK: License

    private var license: DisplayText {
        let (known, weights) = licenses
        var lines: [String] = []
        if let weights {
            if !known.isEmpty { lines.append("code: \(known.joined(separator: ", "))") }
            lines.append("weights: \(weights.name)" + (weights.link.isEmpty ? "" : ", \(weights.link)"))
        } else if known.isEmpty {
            lines.append("The files name no license; that of the original holds.")
        } else {
            lines.append("code and weights: \(known.joined(separator: ", "))")
        }
        return Markdown.list(lines)
    }

    // MARK: Files beside the card

    /// `kl-size.svg`: the chart of the card, with its own colors; nil if there is nothing to draw.
    package var chart: String? {
        guard let chart = DivergenceChart(report) else { return nil }
        let opening = "<svg class=\"chart\""
        let svg = chart.svg.source
        guard svg.hasPrefix(opening) else { return nil }
        let style =
            "<style>svg{background:#fff}@media(prefers-color-scheme:dark){svg{background:#15171b}}\(SeriesColors.style)</style>"
        let rest = svg.dropFirst(opening.count)
        let end = rest.firstIndex(of: ">").map { rest.index(after: $0) } ?? rest.startIndex
        return
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"840\" height=\"640\" class=\"chart\"\(rest[..<end])\(style)\(rest[end...])\n"
    }
}
