import ByteJSON
import ChatTemplates
import Files
import TestSupport

extension FuzzTarget {
    /// Programs that come inside of models, and JSON of all kinds.
    static let texts: [FuzzTarget] = [
        FuzzTarget(
            "chat-template", .text,
            words: [
                "{{", "}}", "{%", "%}", "{%-", "-%}", "{#", "#}", "for ", " in ", "endfor", "if ", "elif ", "else",
                "endif", "set ", "endset", "macro ", "endmacro", "call", "endcall", "filter ", "endfilter",
                "loop.index0",
                "loop.last", "loop.previtem", "loop.cycle(", "loop(", "recursive", "range(", "namespace(", "joiner(",
                "cycler(", "dict(", "lipsum(", "messages", "message['content']", "tools", "documents", "| tojson",
                "| join(", "| map(", "| select(", "| sort", "| groupby(", "| batch(", "| slice(", "| format(",
                "| replace(", "| indent(", "| wordwrap(", "| truncate(", "| trim", "| length", "| default(",
                "is defined",
                "is mapping", ".split(", ".strip(", ".startswith(", ".items()", ".format(", "[::-1]", "[1:]", "**",
                "//", "~", "'%s'", "raise_exception(", "strftime_now(", "break", "continue", "{% generation %}",
                "9223372036854775807", "1e308", "none", "true",
            ], faults: [.input, .usage], namesFile: false
        ) { _ in
            let named = ChatTemplate.Named.allCases.map(\.source)
            let whole = try golden("chat_template_golden")["cases"]?.array?.compactMap { $0["template"]?.string } ?? []
            let differential = try golden("chat_templates_differential")["cases"]?.array ?? []
            let small = stride(from: 0, to: differential.count, by: 23).compactMap {
                differential[$0].array?.first?.string
            }
            return (named + Set(whole).sorted() + small).map { Array($0.utf8) }
        } prepare: { _ in
            let messages: [(role: String, content: String)] = [
                ("system", " Be brief.\n"), ("user", "Hello, 你好 <me>!"),
                ("assistant", "<think>\nHm.\n</think>\nHi {{ there }}"),
                ("user", "And?"),
            ]
            let tools = try JSON(
                parsing: Array(
                    #"[{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}]"#
                        .utf8))
            return { bytes in
                guard let source = ByteString(bytes).string else { return }
                let template = try ChatTemplate(source: source)
                _ = try template.render(
                    messages: messages, tools: tools, addGenerationPrompt: true, bos: "<s>", eos: "</s>")
            }
        },
        FuzzTarget(
            "json", .json, words: ["null", "true", "-0", "1e400", "\\ud83d\\ude00", "\\u0000", "\u{feff}"],
            namesFile: false
        ) {
            _ in
            let texts = [
                #"{"a": [1, 2.5e-3, -0, true, null], "b": {"c": "\ud83d\ude00\n\u0000", "": "é"}, "d": 9223372036854775808}"#,
                "[[[[]]]]", #""text""#, "-1.5E+10",
            ]
            return texts.map { Array($0.utf8) }
        } prepare: { _ in
            { bytes in _ = try JSON(parsing: bytes).hashValue }
        },
    ]
}
