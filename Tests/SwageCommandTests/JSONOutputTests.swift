import Foundation
import TestSupport
import Testing

/// What `--json` prints is what the handbook's page says, for every command.
@Suite struct JSONOutputTests {
    /// Command lines of a command, for files of ``Inputs``; together they print all members that the command knows.
    private static let runs: [String: [[String]]] = [
        "make": [
            [
                "make", "{checkpoint}", "-o", "{out}", "--type", "Q8_0", "--calibration-chunks", "1", "--chunks", "1",
                "--text", "a={long}",
            ]
        ],
        "convert": [["convert", "{base}", "-o", "{out}"], ["convert", "{base}", "-o", "{out}", "--dry-run"]],
        "imatrix": [
            ["imatrix", "{base}", "--text", "{text}", "-o", "{out}", "--context", "64"],
            ["imatrix", "--show", "{importance}"], ["imatrix", "--merge", "{importance}", "-o", "{out}"],
        ],
        "sensitivity": [["sensitivity", "{base}", "--text", "{text}", "-o", "{out}", "--context", "64"]],
        "quantize": [
            ["quantize", "{base}", "-o", "{out}", "--type", "Q4_0"],
            ["quantize", "{base}", "-o", "{out}", "--type", "Q4_0", "--max-tensors", "20"],
            ["quantize", "{checkpoint}", "--type", "IQ2_XXS", "--dry-run"],
            ["quantize", "{checkpoint}", "--type", "Q4_K_M", "--pad-experts", "off", "--dry-run"],
            [
                "quantize", "{base}", "-o", "{out}", "--bpw", "9", "--calibrate", "{text}",
                "--calibration-context", "64",
                "--sensitivity", "{sensitivity}",
            ],
        ],
        "perplexity": [
            [
                "perplexity", "{model}", "--text", "{text}", "--reference", "{base}", "--context", "64", "--stride",
                "32",
            ],
            ["perplexity", "{model}", "--text", "{text}", "--context", "64", "--save-scores", "{out}"],
        ],
        "evaluate": [
            ["evaluate", "{model}", "--task", "{task}", "{task}", "--reference", "{base}", "--details", "{out}"]
        ],
        "compare": [
            ["compare", "{base}", "{model}"], ["compare", "{checkpoint}", "{quantized}", "--imatrix", "{importance}"],
        ],
        "report": [
            [
                "report", "--model", "a={base}", "--model", "b={model}", "--text", "t={text}", "--context", "64",
                "--task", "{task}", "{task}", "--weights", "--text", "u={text}",
            ],
            [
                "report", "--model", "a={checkpoint}", "--model", "b={quantized}", "--text", "t={text}", "--context",
                "64", "--chunks", "1", "--weights",
            ],
            ["report", "--model", "a={base}", "--model", "b={quantized}", "--text", "t={text}", "--context", "64"],
            ["report", "--model", "a={base}", "--text", "t={text}", "--context", "64", "-o", "{out}"],
        ],
        "generate": [
            [
                "generate", "{base}", "--prompt", "a", "--max-new-tokens", "3", "--temperature", "1", "--seed", "1",
                "--top-log-probabilities", "2", "--verbose",
            ]
        ],
        "chat": [["chat", "{checkpoint}", "--template", "chatml", "--max-new-tokens", "3"]],
        "tokenize": [
            ["tokenize", "{checkpoint}", "--text", "Hello 世界", "--pieces", "--bos"],
            ["tokenize", "{checkpoint}", "--decode", "300"],
        ],
        "inspect": [["inspect", "{base}", "--tensors"], ["inspect", "{checkpoint}"]],
        "verify": [
            ["verify", "{model}", "--against", "{base}"], ["verify", "{quantized}", "--against", "{checkpoint}"],
        ],
        "hash": [["hash", "{base}"], ["hash", "{base}", "--check", "{manifest}"]],
        "fit": [
            ["fit", "{checkpoint}", "--memory", "28MiB", "--ram", "64MiB", "--reserve", "1MiB", "--context", "64"]
        ],
        "types": [["types", "{checkpoint}"]],
        "upcycle": [
            [
                "upcycle", "{dense}", "-o", "{out}", "--experts", "4", "--top-k", "2", "--check", "{text}", "--context",
                "64", "--chunks", "1",
            ]
        ],
        "split": [["split", "{base}", "-o", "{out}", "--max-tensors", "20"]],
        "merge": [["merge", "{base}", "-o", "{out}"]],
        "clean": [["clean", "{leftover}"]],
        "plan": [["plan", "-o", "{out}", "--parts", "2", "--", "quantize", "{base}", "-o", "{job}", "--type", "Q4_0"]],
        "run": [["run", "{planned}", "--all"]],
        "status": [["status", "{begun}"]],
        "finish": [["finish", "{planned}"]],
    ]

    /// What the runs read, made once.
    private static let inputs = Task {
        let workspace = try Workspace()
        let sensitivity = workspace.file("sensitivity.json")
        let base = try await Products.tinyBase.value
        try await Swage.run("sensitivity", base, "--text", Products.tinyText, "-o", sensitivity, "--context", "64")
        let plans = ["planned", "begun"].map { workspace.file("\($0).json") }
        for plan in plans {
            let job = ["quantize", base, "--type", "Q4_0", "-o", plan.replacing(".json", with: ".gguf")]
            try await Swage.run(["plan", "-o", plan, "--parts", "3", "--"] + job)
        }
        try await Swage.run("run", plans[0], "--all")
        for part in ["1", "2"] { try await Swage.run("run", plans[1], "--part", part) }
        let part = workspace.file("begun.parts/part-00002-of-00003.gguf")
        try Data(path: part).dropLast(1).write(to: URL(filePath: part))
        let question = #"{"prompt": "a", "choices": ["b", "c"], "answer": 0}"#
        let files = [
            "checkpoint": Products.checkpoint, "dense": Fixtures.path("models/xverse-dense-tiny"), "base": base,
            "model": try await Products.tinyModel.value,
            "quantized": try await Products.quantized.value, "importance": try await Products.importance.value,
            "text": Products.tinyText, "long": Fixtures.path("text/eval/web-en.txt"), "sensitivity": sensitivity,
            "task": try workspace.write("task.jsonl", Array("\(question)\n\(question)\n".utf8)),
            "planned": plans[0], "begun": plans[1],
            "manifest": try workspace.write("manifest", Array(try await Swage.run("hash", base).output.utf8)),
        ]
        return (workspace, files)
    }

    /// No command is left out.
    @Test func allCommandsAreRun() async throws {
        #expect(try await Set(OptionTable.known().keys) == Set(Self.runs.keys))
        #expect(try HandbookJSON().commands == Set(Self.runs.keys))
    }

    @Test(arguments: runs.keys.sorted()) func membersAreThoseOfThePage(command: String) async throws {
        let page = try HandbookJSON()
        let schema = try #require(page.schemas[command], "\(command) is not on the page")
        var printed: Set<String> = []
        for run in Self.runs[command] ?? [] {
            let workspace = try Workspace()
            _ = try workspace.write(".left.gguf.partial", [1])
            let own = [
                "out": workspace.file("out"), "job": workspace.file("job.gguf"),
                "leftover": workspace.file("left.gguf"),
            ]
            let inputs = try await Self.inputs.value.1.merging(own) { $1 }
            let arguments = run.map { argument in
                inputs.reduce(argument) { $0.replacing("{\($1.key)}", with: $1.value) }
            }
            let outcome = try await Swage.run(
                arguments.prefix(1) + ["--json"] + arguments.dropFirst(), standardInput: "Hello\n")
            // These models are not of one origin, and that is what the object tells.
            let expected: Int32 = run.first == "verify" && run.contains("{model}") ? 5 : 0
            try #require(outcome.status == expected, "\(arguments.joined(separator: " ")): \(outcome.error)")
            let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
            #expect((object as? [String: Any])?["schema"] as? String == schema)
            printed.formUnion(page.members(of: object, command: command))
        }
        let told = page.members[command] ?? []
        #expect(printed.subtracting(told).isEmpty, "\(command) prints what the page does not have")
        // Members of objects that several commands have need not be there in each.
        let own = page.ownMembers[command] ?? []
        #expect(own.subtracting(printed).isEmpty, "\(command) does not print what the page has")
    }
}

/// The members of JSON objects that the page `JSON` of the handbook names.
private struct HandbookJSON {
    /// By command.
    private(set) var schemas: [String: String] = [:]
    /// Paths such as `types[].name`, by command.
    private(set) var members: [String: Set<String>] = [:]
    /// Those of them that the command's own section names.
    private(set) var ownMembers: [String: Set<String>] = [:]

    var commands: Set<String> { Set(schemas.keys) }

    init() throws {
        let page = Fixtures.root.appending(path: "Docs/Handbook.docc/JSON.md")
        var rows: [String: [(path: String, form: String)]] = [:]
        var section = ""
        for line in try String(contentsOf: page, encoding: .utf8).split(separator: "\n") {
            if let heading = line.wholeMatch(of: /##+ (.+)/) {
                section = String(heading.1)
            } else if let match = line.firstMatch(of: /^`(swage\/([a-z]+)\/\d+)`/), section == "swage \(match.2)" {
                schemas[String(match.2)] = String(match.1)
            } else if let row = line.wholeMatch(of: /\| `([^`]+)` \| ([^|]+) \|.*/) {
                rows[section, default: []].append((String(row.1), String(row.2)))
            }
        }
        func expand(_ section: String) -> Set<String> {
            var paths: Set<String> = []
            for (path, form) in rows[section] ?? [] {
                paths.insert(path)
                let isList = form.hasPrefix("list of ")
                let element = isList ? String(form.dropFirst("list of ".count)) : form
                if rows[element] != nil { paths.formUnion(expand(element).map { path + (isList ? "[]." : ".") + $0 }) }
            }
            return paths
        }
        for command in schemas.keys {
            members[command] = expand("swage \(command)").union(expand("all commands"))
            ownMembers[command] = Set((rows["swage \(command)"] ?? []).map(\.path))
        }
    }

    /// The paths of an object's members; of one whose members may have any name, `.*`.
    func members(of value: Any, at path: String = "", command: String) -> Set<String> {
        var paths: Set<String> = path.isEmpty || path.hasSuffix("[]") ? [] : [path]
        if members[command]?.contains("\(path).*") == true { return paths.union(["\(path).*"]) }
        if let object = value as? [String: Any] {
            for (key, member) in object {
                paths.formUnion(members(of: member, at: path.isEmpty ? key : "\(path).\(key)", command: command))
            }
        } else if let list = value as? [Any] {
            for element in list { paths.formUnion(members(of: element, at: "\(path)[]", command: command)) }
        }
        return paths
    }
}
