import Files
import Pipelines
import Reporting
import Runtime
import Synchronization

/// Shows progress on standard error: one line that is rewritten on a terminal, notes and warnings always.
enum ProgressLine {
    private struct State {
        var stage = ""
        var started = ContinuousClock.now
        var shown = ""
    }

    private static let state = Mutex(State())
    private static let isTerminal = StandardStream.error.isTerminal

    /// Receives the events of a pipeline.
    static let handler: ProgressHandler = { event in
        state.withLock { state in
            switch event {
            case .stage(let stage):
                state.stage = stage.words
                state.started = .now
                show(state.stage, &state)
            case .fraction(let fraction):
                let seconds = (ContinuousClock.now - state.started) / .seconds(1)
                let rest = fraction > 0.02 ? seconds * (1 - fraction) / fraction : nil
                let estimate = rest.map { $0 >= 1.5 ? ", \(Figures.decimal($0, 0)) s left" : "" } ?? ""
                show("\(state.stage): \(Figures.percent(fraction))\(estimate)", &state)
            case .note(let text): say("note: \(text.commandLineText)", &state)
            case .warning(let text): say("warning: \(text.commandLineText)", &state)
            case .times: break
            }
        }
    }

    /// The same, and says what the time went into.
    static let verboseHandler: ProgressHandler = { event in
        guard case .times(let model, let times) = event else { return handler(event) }
        let parts = PassTimes.Activity.allCases.map { "\($0.word) \(Figures.decimal(times[$0] / .seconds(1), 2)) s" }
        state.withLock { say("\(model), time of all threads: \(parts.joined(separator: ", "))", &$0) }
    }

    private static let said = Mutex<Set<DisplayText>>([])

    /// Writes notes as warnings, each once in the life of the process: the file, the place, what there is to know and to do.
    static func say(_ notes: [Diagnostic]) {
        for note in notes {
            let text = note.displayText
            guard said.withLock({ $0.insert(text).inserted }) else { continue }
            state.withLock { say("warning: \(text)", &$0) }
        }
    }

    /// Writes a line of its own.
    private static func say(_ text: DisplayText, _ state: inout State) {
        let line = state.shown
        show("", &state)
        StandardStream.error.write("\(text)\n")
        show(line, &state)
    }

    /// Removes the line from the terminal.
    static func clear() {
        state.withLock { show("", &$0) }
    }

    private static func show(_ line: String, _ state: inout State) {
        guard isTerminal, line != state.shown else { return }
        state.shown = line
        StandardStream.error.write("\r\u{1b}[K\(line)")
    }
}
