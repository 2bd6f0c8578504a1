import ArgumentParser
import ByteJSON

/// The commands and their options, as the parser describes them.
struct KnownOptions {
    /// The options of each command as they are written, `--type` and `-o`.
    let names: [String: Set<String>]
    /// Those of them that take a value.
    let valued: [String: Set<String>]

    init() {
        let dump = try? JSON(parsing: Array(Swage._dumpHelp().utf8))
        let commands = dump?.object?["command"]?.object?["subcommands"]?.array ?? []
        var (names, valued) = ([String: Set<String>](), [String: Set<String>]())
        for command in commands.compactMap(\.object) {
            guard let word = command["commandName"]?.string else { continue }
            for argument in (command["arguments"]?.array ?? []).compactMap(\.object) {
                let written = (argument["names"]?.array ?? []).compactMap { Self.written($0.object) }
                names[word, default: []].formUnion(written)
                if argument["kind"]?.string == "option" { valued[word, default: []].formUnion(written) }
            }
        }
        (self.names, self.valued) = (names, valued)
    }

    private static func written(_ name: JSONObject?) -> String? {
        guard let name, let word = name["name"]?.string else { return nil }
        return (name["kind"]?.string == "long" ? "--" : "-") + word
    }
}
