import Foundation
import Platform
import TestSupport
import Testing

/// A conversation on a terminal.
@Suite struct ChatTerminalTests {
    private static let model = Fixtures.path("models/apus-xdan-tiny")
    private static let hasLibedit = ["libedit.so.2", "libedit.so.0", "libedit.3.dylib"].contains { (name: String) in
        dlopen(name, RTLD_NOW) != nil
    }

    private func chat(_ terminal: Pseudoterminal, _ type: String, options: [String] = []) throws -> Swage.Run {
        try Swage.Run(
            ["chat", Self.model, "--seed", "1"] + options, terminal: terminal.path, terminalType: type,
            standardError: terminal.path)
    }

    /// Backspace and arrows work within a line of characters of two columns, and up brings the line before.
    @Test(.enabled(if: hasLibedit)) func linesAreEditedAndRemembered() async throws {
        let terminal = try Pseudoterminal(columns: 50)
        let run = try chat(terminal, "xterm")
        #expect(await terminal.text(until: "> ", of: run) != nil)
        terminal.type("/nothinx 世界\u{1B}[D\u{1B}[D\u{1B}[D\u{7F}g\n")
        #expect(await terminal.text(until: "no command /nothing;", of: run) != nil)
        terminal.type("\u{1B}[A\n")
        #expect(await terminal.text(until: "no command /nothing;", of: run) != nil)
        terminal.type("\u{4}")
        #expect(try await run.outcome().status == 0)
        #expect(terminal.isAsUsual)
    }

    /// With an editor and without: what is typed while the model answers is shown and read after the answer.
    @Test(arguments: ["xterm", "dumb"]) func typingDuringAnAnswerWaits(type: String) async throws {
        let terminal = try Pseudoterminal()
        let run = try chat(terminal, type, options: ["--max-new-tokens", "40", "--ignore-eos"])
        #expect(await terminal.text(until: "> ", of: run) != nil)
        terminal.type("Hello\n")
        #expect(await run.wait { !run.outputUntilNow.isEmpty && !terminal.isAsUsual })
        terminal.type("/nothing\n")
        let text = try #require(await terminal.text(until: "no command /nothing;", of: run))
        let (pace, typed) = (text.firstRange(of: "tokens/s"), text.firstRange(of: "/nothing"))
        #expect(try #require(pace).upperBound < #require(typed).lowerBound, "\(text)")
        #expect(!run.outputUntilNow.contains("/nothing"))
        terminal.type("/exit\n")
        #expect(try await run.outcome().status == 0)
        #expect(terminal.isAsUsual)
    }

    /// However a conversation ends, the terminal shows what is typed after it.
    @Test(arguments: [SIGINT, SIGTERM]) func theTerminalIsGivenBack(signal: Int32) async throws {
        let terminal = try Pseudoterminal()
        let waiting = try chat(terminal, "xterm")
        #expect(await terminal.text(until: "> ", of: waiting) != nil)
        waiting.send(signal)
        #expect(try await waiting.outcome().status == 128 + signal)
        #expect(terminal.isAsUsual)

        let answering = try chat(terminal, "xterm", options: ["--ignore-eos"])
        #expect(await terminal.text(until: "> ", of: answering) != nil)
        terminal.type("Hello\n")
        #expect(await answering.wait { answering.outputUntilNow.utf8.count > 20 })
        answering.send(signal)
        if signal == SIGINT {
            // It ends the answer alone.
            #expect(await terminal.text(until: "> ", of: answering) != nil)
            terminal.type("/exit\n")
        }
        #expect(try await answering.outcome().status == (signal == SIGINT ? 0 : 128 + signal))
        #expect(terminal.isAsUsual)
    }
}
