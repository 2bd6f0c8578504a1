import Platform
import Reporting

/// The relative errors of a model's weights: a row for each role, a column for each layer, darker for more.
struct HeatMap {
    private struct Cell {
        let layer: Int
        let entry: WeightFigures.Entry
        let error: Double
    }

    private let name: String
    private let roles: [(name: String, cells: [Cell])]
    private let layerCount: Int
    /// Over all models of the report, so that their maps can be compared.
    private let errors: ClosedRange<Double>

    private static let (width, left) = (420.0, 104.0)
    private static let rowHeight = 16.0

    /// nil if the weights of the model were not compared, or if no matrix of a layer has an error.
    ///
    /// - Parameter errors: the least and the greatest error that the shades stand for.
    init?(_ model: ModelReport.Model, errors: ClosedRange<Double>) {
        guard let weights = model.weights else { return nil }
        name = model.name
        self.errors = errors
        roles = weights.roles.compactMap { role in
            let cells = weights.tensors.compactMap { entry -> Cell? in
                guard entry.role == role.name, let layer = entry.layer, let error = entry.relativeRMSE else {
                    return nil
                }
                return Cell(layer: layer, entry: entry, error: error)
            }
            return cells.isEmpty ? nil : (role.name ?? "", cells)
        }
        guard let last = roles.flatMap({ $0.cells.map(\.layer) }).max() else { return nil }
        layerCount = last + 1
    }

    /// The errors that are not 0 of all models' layers; nil if there are none.
    static func errors(_ report: ModelReport) -> ClosedRange<Double>? {
        let tensors: [WeightFigures.Entry] = report.models.flatMap { $0.weights?.tensors ?? [] }
        let errors: [Double] = tensors.compactMap { $0.layer == nil ? nil : $0.relativeRMSE }.filter { $0 > 0 }
        guard let least = errors.min(), let greatest = errors.max() else { return nil }
        return least...greatest
    }

    /// An element `svg`, whose colors are classes of the page's style.
    var svg: Markup {
        let step = (Self.width - Self.left - 4) / Double(layerCount)
        var parts: Markup = ""
        var y = 4.0
        for role in roles {
            parts += "<text x=\"\(Self.left - 6)\" y=\"\(y + 12)\" text-anchor=\"end\">\(role.name)</text>"
            for cell in role.cells {
                parts += """
                    <rect class="heat" x="\(Self.left + Double(cell.layer) * step)" y="\(y)" width="\(step * 0.94)" \
                    height="\(Self.rowHeight - 1)" fill-opacity="\(shade(cell.error))"><title>\
                    \(cell.entry.name ?? ""): \(Shown.weightError(cell.error)) (\(cell.entry.type ?? ""))</title></rect>
                    """
            }
            y += Self.rowHeight
        }
        let every = max(1, layerCount / 8)
        for layer in stride(from: 0, to: layerCount, by: every) {
            let x = Self.left + (Double(layer) + 0.47) * step
            parts += "<text x=\"\(x)\" y=\"\(y + 13)\" text-anchor=\"middle\">\(layer)</text>"
        }
        parts += legend(y: y + 22)
        let height = Figures.decimal(y + 44, 0)
        return """
            <svg class="chart" viewBox="0 0 420 \(height)" role="img" aria-label="Weight errors of \(name)">\
            <title>Weight errors of \(name), by role and layer</title>\(parts)</svg>
            """
    }

    /// From 0 to 1, by the logarithm of the error.
    private func shade(_ error: Double) -> Double {
        guard error > 0 else { return 0 }
        guard errors.upperBound > errors.lowerBound else { return 1 }
        let share = log(error / errors.lowerBound) / log(errors.upperBound / errors.lowerBound)
        return 0.08 + 0.92 * min(max(share, 0), 1)
    }

    private func legend(y: Double) -> Markup {
        let steps = 24
        let step = (Self.width - Self.left - 4) / Double(steps)
        var parts: Markup = ""
        for index in 0..<steps {
            let share = 0.08 + 0.92 * Double(index) / Double(steps - 1)
            parts += """
                <rect class="heat" x="\(Self.left + Double(index) * step)" y="\(y)" width="\(step + 0.3)" height="6" \
                fill-opacity="\(share)"/>
                """
        }
        return parts + """
            <text x="\(Self.left)" y="\(y + 18)">\(Shown.weightError(errors.lowerBound))</text>\
            <text x="\(Self.width - 4)" y="\(y + 18)" text-anchor="end">\(Shown.weightError(errors.upperBound))</text>\
            <text x="\(Self.left - 6)" y="\(y + 8)" text-anchor="end">relative RMSE</text>
            """
    }
}
