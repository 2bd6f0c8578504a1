import Pipelines
import Reporting

/// What is known of the work that is going on, and the line that says it.
struct ProgressText: Equatable {
    /// The stage, in words.
    var stage = ""
    /// The step that the stage belongs to, of work that has steps.
    var step: StepProgress?
    /// What the stage is at.
    var part: WorkPart?
    /// The finished share of the stage, from 0 to 1, if any has been told.
    var fraction: Double?
    /// The share that was finished when the stage began, which an earlier run has done.
    var firstFraction = 0.0
    /// What all of the stage amounts to.
    var extent: WorkExtent?

    /// The share of a stage that has to be done before the rest of its time can be judged.
    private static let judgedShare = 0.01

    /// Takes in the finished share of the stage.
    mutating func reach(_ fraction: Double) {
        if self.fraction == nil { firstFraction = fraction }
        self.fraction = fraction
    }

    /// One line: the stage, how much of it is done, what it is at, the time taken and left, and the rate.
    ///
    /// - Parameters:
    ///   - elapsed: Seconds since the stage began.
    ///   - width: The columns that the line may take; what matters least is left out first, and the stage cut last.
    func line(elapsed: Double, width: Int = .max) -> String {
        let stage = (step.map { $0.words + ", " } ?? "") + stage
        let share = fraction.map { ": \(Figures.percent($0))" } ?? ""
        let left = secondsLeft(elapsed)
        let whole = step?.secondsLeft(stage: left).map { ", \(Figures.clock($0)) left of all" } ?? ""
        let times =
            [Figures.clock(elapsed), left.map { Figures.clock($0) + " left" }].compactMap { $0 }.joined(separator: ", ")
            + whole
        let details = [part?.words, times, rate(elapsed)].compactMap { $0 }
        for count in stride(from: details.count, through: 1, by: -1) {
            let line = ([stage + share] + details.suffix(details.count).prefix(count)).joined(separator: ", ")
            if line.displayWidth <= width { return line }
        }
        let short = "\(stage)\(share), \(times)"
        if short.displayWidth <= width { return short }
        return stage.truncated(toWidth: max(1, width - share.displayWidth)) + share
    }

    private func secondsLeft(_ elapsed: Double) -> Double? {
        guard let fraction, fraction - firstFraction >= Self.judgedShare, fraction < 1, elapsed >= 2 else { return nil }
        return elapsed * (1 - fraction) / (fraction - firstFraction)
    }

    private func rate(_ elapsed: Double) -> String? {
        guard let extent, let fraction, fraction > firstFraction, elapsed >= 1 else { return nil }
        let share = (fraction - firstFraction) / elapsed
        switch extent {
        case .bytes(let count): return Figures.bytes(Int(share * Double(count))) + "/s"
        case .weights(let count): return Figures.significant(share * Double(count) / 1e6, 3) + " M weights/s"
        case .tokens(let count): return Figures.decimal(share * Double(count), 0) + " tokens/s"
        }
    }
}

extension WorkPart {
    /// What the line of progress calls it.
    var words: String {
        switch self {
        case .layer(let layer, let count): "layer \(layer + 1)/\(count)"
        case .tensor(let name): name
        case .matrix(let name, nil, _, _): name
        case .matrix(let name, let layer?, let count, let expert):
            "layer \(layer + 1)/\(count), \(Self.role(name))" + (name.contains("_exps.") ? " of expert \(expert)" : "")
        }
    }

    /// `ffn_down_exps` of `blk.3.ffn_down_exps.weight`.
    private static func role(_ name: String) -> String {
        let parts = name.split(separator: ".")
        return parts.count == 4 ? String(parts[2]) : name
    }
}
