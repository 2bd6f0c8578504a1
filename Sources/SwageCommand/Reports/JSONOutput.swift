import Foundation
import Reporting
import Synchronization

/// Results as JSON: one object for a run, or one on each line, that names its schema.
///
/// A run that is to print JSON prints nothing else on standard output. What it has written stands in the object too, so a
/// command that has nothing of its own to tell prints that.
enum JSONOutput {
    private struct Run {
        let schema: String
        let hasOutputs: Bool
        let ending: EndNote
        /// The schema of the object that the result is a member of, if another command has done the work.
        var outerSchema: String?
        var hasPrinted = false
    }

    private static let run = Mutex<Run?>(nil)

    /// Whether results are printed as JSON, and text for people is not.
    static var isWanted: Bool { run.withLock { $0 != nil } }

    /// Call before a command runs.
    ///
    /// - Parameters:
    ///   - files: What the command reads and writes.
    ///   - ending: Knows what has been written.
    ///   - outer: The schema of an object that has the command's as its `result`; nil to print that alone.
    static func begin(
        _ command: any SwageSubcommand, _ files: CommandFiles, _ ending: EndNote, within outer: String? = nil
    ) {
        guard command.terminal.json else { return }
        let writes =
            (command as? any WritingCommand).map { !$0.writesNothing && type(of: $0).jsonTellsOutputs } ?? false
        run.withLock {
            $0 = Run(
                schema: type(of: command).jsonSchema, hasOutputs: writes && !files.outputs.isEmpty, ending: ending,
                outerSchema: outer)
        }
    }

    /// Prints a result as one object; the last thing that a command does.
    static func print(_ value: some Encodable) throws {
        try StandardStream.output.write(json: bytes(of: Envelope(value: value, run: claim())))
    }

    /// Prints one of several results, as an object on a line of its own.
    static func printLine(_ value: some Encodable) throws {
        let bytes = try encoder.encode(Envelope(value: value, run: claim()))
        try StandardStream.output.write(json: JSONText.escaping(bytes + [UInt8(ascii: "\n")]))
    }

    /// Prints what has been written, if the command has told nothing by itself.
    static func end() throws {
        guard run.withLock({ $0?.hasPrinted == false }) else { return }
        try JSONOutput.print([String: String]())
    }

    private static func claim() -> Run? {
        run.withLock { run in
            run?.hasPrinted = true
            return run
        }
    }

    /// The object and a line feed; nothing in it acts on a terminal.
    static func bytes(of value: some Encodable) throws -> [UInt8] {
        let encoder = encoder
        encoder.outputFormatting.insert(.prettyPrinted)
        return JSONText.escaping(Array(try encoder.encode(value)) + [UInt8(ascii: "\n")])
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }

    /// A result with the name of its schema, and what the run has written.
    private struct Envelope<Value: Encodable>: Encodable {
        let value: Value
        let run: Run?

        private enum Key: CodingKey {
            case schema, written, seconds, result
        }

        func encode(to encoder: any Encoder) throws {
            if let outer = run?.outerSchema, var inner = run {
                inner.outerSchema = nil
                var container = encoder.container(keyedBy: Key.self)
                try container.encode(outer, forKey: .schema)
                return try container.encode(Envelope(value: value, run: inner), forKey: .result)
            }
            try value.encode(to: encoder)
            guard let run else { return }
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(run.schema, forKey: .schema)
            guard run.hasOutputs else { return }
            try container.encode(run.ending.written, forKey: .written)
            try container.encode(run.ending.seconds, forKey: .seconds)
        }
    }
}

extension SwageSubcommand {
    /// The schema of what the command prints as JSON.
    static var jsonSchema: String { "swage/\(_commandName)/\(jsonVersion)" }
}
