import ArgumentParser
import Parts
import Reporting

struct StatusCommand: SwageSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Says which parts of a plan are done, and how long the others will take.",
        discussion:
            "How long is judged by the parts that are done. The parts themselves are not read; swage finish reads them.",
        examples: "status plan.json", "status plan.json --json")

    @Argument(help: "A plan, of swage plan.")
    var plan: InputPath

    @OptionGroup(title: "Output") var terminal: TerminalOptions

    func run() throws {
        let status = try Status(OpenedPlan(plan.path))
        if terminal.json { return try JSONOutput.print(status) }
        try StandardStream.output.write(status.text)
    }
}

/// What there is of a plan's parts.
private struct Status: Encodable {
    let job: [String]
    let unit: String
    let parts: [Part]
    let done: Int
    let missing: [Int]
    /// Parts that are there and cannot be used.
    let unusable: [Int]
    /// How long all parts that are not done take, one after the other; nil until one is done.
    let remainingSeconds: Double?
    /// How long the longest of them takes.
    let longestSeconds: Double?

    struct Part: Encodable {
        let number: Int
        let state: String
        let content: String
        /// Why it cannot be used.
        let problem: String?
        /// What it took, or will take.
        let seconds: Double?
    }

    init(_ opened: OpenedPlan) throws {
        let states = try opened.plan.parts.indices.map { try opened.folder.state(ofPart: $0 + 1) }
        var (seconds, cost) = (0.0, 0.0)
        for (part, state) in zip(opened.plan.parts, states) {
            guard case .complete(let record) = state else { continue }
            seconds += record.seconds
            cost += part.cost
        }
        let pace = cost > 0 ? seconds / cost : nil
        job = opened.plan.job
        unit = opened.plan.unit.rawValue
        let parts = zip(opened.plan.parts, states).enumerated().map { index, pair in
            Part(number: index + 1, pair.0, pair.1, pace: pace)
        }
        func numbers(_ state: String) -> [Int] { parts.filter { $0.state == state }.map(\.number) }
        self.parts = parts
        done = numbers("done").count
        (missing, unusable) = (numbers("missing"), numbers("unusable"))
        let rest = parts.filter { $0.state != "done" }.compactMap(\.seconds)
        remainingSeconds = pace == nil ? nil : rest.reduce(0, +)
        longestSeconds = pace == nil ? nil : rest.max() ?? 0
    }

    var text: DisplayText {
        var table = Table([.init("part", .right), .init("state"), .init("time", .right), .init("of")])
        for part in parts {
            let time = part.seconds.map { (part.state == "done" ? "" : "~") + Figures.duration($0) } ?? ""
            table.append(["\(part.number)", part.problem ?? part.state, time, part.content])
        }
        let rest = parts.count - done
        let sum: DisplayText =
            if rest == 0 {
                "all \(parts.count) parts are done"
            } else if let remainingSeconds, let longestSeconds {
                """
                \(done) of \(parts.count) parts are done; the others take about \(Figures.duration(remainingSeconds)) one after \
                the other, \(Figures.duration(longestSeconds)) at once
                """
            } else {
                "\(done) of \(parts.count) parts are done"
            }
        return "\(table.terminal)\n\n\(sum)\n"
    }
}

extension Status.Part {
    fileprivate init(number: Int, _ part: PlannedPart, _ state: PartFolder.State, pace: Double?) {
        self.number = number
        content = part.content
        switch state {
        case .complete(let record): (self.state, problem, seconds) = ("done", nil, record.seconds)
        case .missing: (self.state, problem, seconds) = ("missing", nil, pace.map { $0 * part.cost })
        case .unusable(let problem):
            (self.state, self.problem, seconds) = ("unusable", problem.words, pace.map { $0 * part.cost })
        }
    }
}
