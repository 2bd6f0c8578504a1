import Reporting

/// KL divergence against the size of the files, with a line through the models that no other one beats in both.
struct DivergenceChart {
    private struct Point {
        let index: Int
        let name: String
        let bytes: Int
        let divergence: Estimate
        let value: Double
        let isOnFront: Bool
    }

    private let points: [Point]
    private let widthScale: Scale
    private let heightScale: Scale

    static let (width, height) = (420.0, 320.0)
    private static let (left, right, top, bottom) = (58.0, 14.0, 14.0, 44.0)

    /// nil if fewer than two models are compared with the first one.
    init?(_ report: ModelReport) {
        points = report.models.enumerated().compactMap { index, model in
            guard let mean = model.divergence?.value?.mean, let value = mean.value, value > 0 else { return nil }
            return Point(
                index: index, name: model.name, bytes: model.fileBytes, divergence: mean, value: value,
                isOnFront: model.isOnFront == true)
        }
        guard points.count > 1,
            let widths = Scale(
                points.map { Double($0.bytes) }, from: Self.left, to: Self.width - Self.right),
            let heights = Scale(
                points.map(\.value), from: Self.height - Self.bottom, to: Self.top, isLogarithmic: true)
        else { return nil }
        (widthScale, heightScale) = (widths, heights)
    }

    /// An element `svg`, whose colors are classes of the page's style.
    var svg: Markup {
        let title: Markup = "<title>KL divergence against size</title>"
        return """
            <svg class="chart" viewBox="0 0 420 320" role="img" aria-label="KL divergence against size">\(title)\
            \(axes)\(front)\(marks)</svg>
            """
    }

    private var axes: Markup {
        var parts: [Markup] = []
        let (low, high) = (Self.height - Self.bottom, Self.width - Self.right)
        for tick in widthScale.ticks {
            let x = widthScale.place(tick)
            parts.append("<line class=\"grid\" x1=\"\(x)\" x2=\"\(x)\" y1=\"\(Self.top)\" y2=\"\(low)\"/>")
            parts.append("<text x=\"\(x)\" y=\"\(low + 15)\" text-anchor=\"middle\">\(Figures.bytes(Int(tick)))</text>")
        }
        for tick in heightScale.ticks {
            let y = heightScale.place(tick)
            parts.append("<line class=\"grid\" x1=\"\(Self.left)\" x2=\"\(high)\" y1=\"\(y)\" y2=\"\(y)\"/>")
            parts.append(
                "<text x=\"\(Self.left - 6)\" y=\"\(y + 4)\" text-anchor=\"end\">\(Figures.significant(tick, 1))</text>"
            )
        }
        parts.append("<text x=\"\(high)\" y=\"\(Self.height - 6)\" text-anchor=\"end\">size of the files</text>")
        parts.append("<text x=\"4\" y=\"\(Self.height - 6)\">KL divergence, nats per token, logarithmic</text>")
        return parts.joined()
    }

    /// Steps through the models of the front: what a size at least costs.
    private var front: Markup {
        let best = points.filter(\.isOnFront).sorted { $0.bytes < $1.bytes }
        guard best.count > 1 else { return "" }
        var path: Markup = ""
        for (index, point) in best.enumerated() {
            let (x, y) = (widthScale.place(Double(point.bytes)), heightScale.place(point.value))
            path += index == 0 ? "M\(x) \(y)" : "H\(x)V\(y)"
        }
        return "<path class=\"front\" d=\"\(path)\"/>"
    }

    private var marks: Markup {
        var taken: [(x: Double, y: Double)] = []
        return points.sorted { $0.value < $1.value }.map { point in
            let (x, y) = (widthScale.place(Double(point.bytes)), heightScale.place(point.value))
            var labelY = y - 9
            while taken.contains(where: { abs($0.x - x) < 70 && abs($0.y - labelY) < 12 }) { labelY += 12 }
            taken.append((x, labelY))
            let anchor: Markup = x > Self.width * 0.75 ? "end" : x < Self.width * 0.3 ? "start" : "middle"
            return """
                <g class="s\(point.index % SeriesColors.count)"><title>\(point.name): \(Figures.bytes(point.bytes)), \
                \(Shown.estimate(point.divergence, Shown.divergence))</title>\
                <circle class="mark" cx="\(x)" cy="\(y)" r="\(point.isOnFront ? 5.5 : 4)"/>\
                <text class="name" x="\(x)" y="\(labelY)" text-anchor="\(anchor)">\(point.name)</text></g>
                """
        }.joined()
    }
}
