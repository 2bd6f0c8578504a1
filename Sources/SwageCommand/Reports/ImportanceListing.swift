import Importance
import Manifests
import Reporting

/// What an importance matrix says about every tensor or expert.
struct ImportanceListing {
    private let path: String
    private let matrix: ImportanceMatrix

    init(path: String) throws {
        self.path = path
        matrix = try ImportanceMatrix(contentsOf: path)
    }

    func write(byExpert: Bool, json: Bool) throws {
        if json { return try JSONOutput.print(report) }
        let texts = matrix.datasets.isEmpty ? "unnamed texts" : matrix.datasets.joined(separator: ", ")
        let windows =
            matrix.chunkSize > 0
            ? "\(matrix.chunkCount) windows of \(matrix.chunkSize) tokens" : "\(matrix.chunkCount) windows"
        try StandardStream.output.write(
            "\(matrix.entries.count) tensors from \(windows) of \(texts)\n\n\(table(byExpert: byExpert).terminal)\n")
    }

    private var entries: [(key: String, value: ImportanceMatrix.Entry)] {
        matrix.entries.sorted { $0.key.compare($1.key, options: .numeric) == .orderedAscending }
    }

    private func table(byExpert: Bool) -> Table {
        var table = Table([
            .init("tensor"), .init("experts seen", .right), .init("tokens", .right), .init("fewest", .right),
            .init("Σ mean x²", .right), .init("greatest", .right), .init("active", .right), .init("entropy", .right),
            .init("of equal", .right),
        ])
        for (name, entry) in entries {
            let all = (0..<entry.expertCount).map { entry.statistics(expert: $0) }
            if byExpert, entry.expertCount > 1 {
                for (expert, statistics) in all.enumerated() {
                    table.append(["\(name) [\(expert)]", ""] + cells(statistics.map { [$0] } ?? []))
                }
            } else {
                let seen = all.compactMap { $0 }
                table.append([name, "\(seen.count)/\(entry.expertCount)"] + cells(seen))
            }
        }
        return table
    }

    /// Means over experts; counts are summed.
    private func cells(_ statistics: [ImportanceMatrix.Statistics]) -> [String] {
        guard !statistics.isEmpty else { return ["0", "0"] }
        let count = Double(statistics.count)
        func mean(_ value: (ImportanceMatrix.Statistics) -> Double) -> Double {
            statistics.reduce(0) { $0 + value($1) } / count
        }
        return [
            Figures.decimal(mean { Double($0.rowCount) } * count, 0),
            Figures.decimal(statistics.map { Double($0.rowCount) }.min() ?? 0, 0),
            Figures.decimal(mean { Double($0.sum) }, 4),
            Figures.decimal(statistics.map { Double($0.greatest) }.max() ?? 0, 4),
            Figures.decimal(100 * mean(\.activeShare), 1) + " %", Figures.decimal(mean(\.entropy), 3),
            Figures.decimal(100 * mean(\.relativeEntropy), 1) + " %",
        ]
    }

    private var report: ImportanceReport {
        ImportanceReport(
            manifest: matrix.manifest, datasets: matrix.datasets, windows: matrix.chunkCount,
            windowTokens: matrix.chunkSize,
            tensors: entries.map { name, entry in
                ImportanceReport.Tensor(
                    name: name, columns: entry.rowLength,
                    experts: (0..<entry.expertCount).map { ImportanceReport.Expert(entry.statistics(expert: $0)) })
            })
    }
}

/// What `imatrix --show --json` prints.
private struct ImportanceReport: Encodable {
    /// nil in files of other programs and of the older form.
    let manifest: Manifest?
    let datasets: [String]
    let windows: Int
    /// 0 if not known.
    let windowTokens: Int
    let tensors: [Tensor]

    struct Tensor: Encodable {
        let name: String
        let columns: Int
        let experts: [Expert]
    }

    struct Expert: Encodable {
        /// Activation rows seen.
        let tokens: Float
        let sum: Float?
        let least: Float?
        let greatest: Float?
        let activeShare: Double?
        /// In bits.
        let entropy: Double?
        let relativeEntropy: Double?

        init(_ statistics: ImportanceMatrix.Statistics?) {
            tokens = statistics?.rowCount ?? 0
            sum = statistics?.sum
            least = statistics?.least
            greatest = statistics?.greatest
            activeShare = statistics?.activeShare
            entropy = statistics?.entropy
            relativeEntropy = statistics?.relativeEntropy
        }
    }
}
