import Dispatch
import Files
import Pipelines
import Reporting
import Runtime
import Synchronization

/// Shows progress on standard error: one line that is rewritten every second on a terminal, a plain line every minute
/// elsewhere; notes and warnings always.
enum ProgressLine {
    private struct State {
        var verbosity = Verbosity.usual
        var text = ProgressText()
        var step: StepProgress?
        var started = ContinuousClock.now
        /// When the last plain line was written.
        var written = ContinuousClock.now
        var shown = ""
        var isTicking = false

        var elapsed: Double { (ContinuousClock.now - started) / .seconds(1) }
    }

    private static let state = Mutex(State())
    private static let isTerminal = StandardStream.error.isTerminal
    private static let secondsBetweenPlainLines = 60.0

    /// How much is told; set once, before any work.
    static var verbosity: Verbosity {
        get { state.withLock(\.verbosity) }
        set { state.withLock { $0.verbosity = newValue } }
    }

    /// Receives the events of a pipeline.
    static let handler: ProgressHandler = { event in
        state.withLock { state in
            switch event {
            case .step(let step):
                let progress = StepProgress(step, after: state.step)
                state.step = progress
                state.text = ProgressText()
                guard !isTerminal, state.verbosity != .quiet else { return }
                StandardStream.error.write("\(progress.words): \(step.name)\n")
            case .stage(let stage):
                state.text = ProgressText(stage: stage.words, step: state.step)
                (state.started, state.written) = (.now, .now)
                show(&state)
                startTicking(&state)
            case .extent(let extent): state.text.extent = extent
            case .part(let part): state.text.part = part
            case .fraction(let fraction):
                let before = state.text.fraction
                state.text.reach(fraction)
                if before.map(Figures.percent) != Figures.percent(fraction) { show(&state) }
            case .note(let text):
                if state.verbosity != .quiet { say("note: \(text.commandLineText)", &state) }
            case .warning(let text): say("warning: \(text.commandLineText)", &state)
            case .times(let model, let times):
                guard state.verbosity == .verbose else { return }
                let parts = PassTimes.Activity.allCases.map {
                    "\($0.word) \(Figures.decimal(times[$0] / .seconds(1), 2)) s"
                }
                say("\(model), time of all threads: \(parts.joined(separator: ", "))", &state)
            }
        }
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
        erase(&state)
        StandardStream.error.write("\(text)\n")
        show(&state)
    }

    /// Ends the stage, and removes the line from the terminal.
    static func clear() {
        state.withLock { state in
            state.text = ProgressText()
            erase(&state)
        }
    }

    // MARK: The line

    private static func erase(_ state: inout State) {
        guard !state.shown.isEmpty else { return }
        state.shown = ""
        StandardStream.error.write("\r\u{1b}[K")
    }

    /// Writes the line again, as wide as the terminal is now; its last column stays free, since some terminals wrap there.
    private static func show(_ state: inout State) {
        guard isTerminal, state.verbosity != .quiet, !state.text.stage.isEmpty else { return }
        let width = StandardStream.error.terminalWidth - 1
        let line = DisplayText(line: state.text.line(elapsed: state.elapsed, width: width)).text
        guard line != state.shown else { return }
        state.shown = line
        StandardStream.error.write("\r\u{1b}[K\(line)")
    }

    private static func startTicking(_ state: inout State) {
        guard !state.isTicking, state.verbosity != .quiet else { return }
        state.isTicking = true
        tick()
    }

    private static func tick() {
        DispatchQueue.global(qos: .utility).asyncAfter(deadline: .now() + 1) {
            let goesOn = state.withLock { state in
                state.isTicking = !state.text.stage.isEmpty
                guard state.isTicking else { return false }
                if isTerminal {
                    show(&state)
                } else if (ContinuousClock.now - state.written) / .seconds(1) >= secondsBetweenPlainLines {
                    state.written = .now
                    StandardStream.error.write("\(state.text.line(elapsed: state.elapsed))\n")
                }
                return true
            }
            if goesOn { tick() }
        }
    }
}
