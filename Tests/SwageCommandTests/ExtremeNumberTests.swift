import Foundation
import TestSupport
import Testing

/// Every option with a number, with numbers that nobody means: no arithmetic on them may end the process.
@Suite struct ExtremeNumberTests {
    static let values = [
        "9223372036854775807", "-9223372036854775808", "18446744073709551615", "-1", "0", "1e308", "-1e308", "nan",
        "inf", "1e400", "1e-400", "9e18", "8388607TiB",
    ]

    private static let sensitivity = Task {
        let workspace = try Workspace()
        let outcome = try await Swage.run(
            "sensitivity", try await Products.tinyBase.value, "--text", Products.tinyText, "--context", "32",
            "--chunks", "2", "-o", workspace.file("sensitivity.json"))
        try #require(outcome.status == 0, "\(outcome.error)")
        return (workspace, workspace.file("sensitivity.json"))
    }

    private static func task(_ workspace: Workspace) throws -> String {
        try workspace.write("task.jsonl", #"{"prompt": "a", "choices": [" b", " c"], "answer": 0}"#.utf8)
    }

    /// A small run that an option can be added to.
    private static func arguments(for option: OptionTable.Option, _ workspace: Workspace) async throws -> [String] {
        let model = try await Products.tinyBase.value
        let output = ["--output", workspace.file("out.gguf")]
        let windows = ["--text", Products.tinyText, "--context", "32", "--chunks", "1"]
        let rest: [String]
        switch option.command {
        case "chat": rest = [model, "--template", "chatml", "--context", "64", "--max-new-tokens", "2"]
        case "compare": rest = [model, model]
        case "convert": rest = [model] + output
        case "evaluate":
            rest = [model, "--task", try task(workspace)]
        case "generate": rest = [model, "--prompt", "a", "--context", "64", "--max-new-tokens", "2", "--json"]
        case "imatrix", "sensitivity":
            rest = [model] + windows + (option.command == "imatrix" ? [] : ["--chunks", "2"]) + output
        case "perplexity": rest = [model] + windows + ["--save-scores", workspace.file("scores")]
        case "quantize":
            let limit =
                switch option.name {
                case "--fit", "--size", "--bpw": [String]()
                case "--context", "--reserve", "--fit-ram": ["--fit", "8GiB"]
                case "--held-out": ["--bpw", "8"]
                default: ["--type", "Q4_0"]
                }
            let calibration = [
                "--calibrate", Products.tinyText, "--calibration-context", "32", "--calibration-chunks", "2",
            ]
            let isMeasured = limit.first == "--type"
            rest =
                [model] + calibration + limit + output
                + (isMeasured ? [] : ["--dry-run", "--sensitivity", try await sensitivity.value.1])
        case "make":
            rest =
                [
                    model, "-o", workspace.file("folder"), "--dry-run", "--calibrate", Products.tinyText, "--type",
                    "Q4_0",
                ]
                + (["--context", "--reserve"].contains(option.name) ? ["--fit", "8GiB"] : [])
        case "plan", "run":
            let job = ["quantize", model, "--type", "Q4_0"] + output
            let launcher = ["--cpus", "--part-memory"].contains(option.name) ? ["--emit", "slurm"] : []
            rest = ["--output", workspace.file("plan.json"), "--parts", "2"] + launcher + ["--"] + job
            if option.command == "run" {
                let outcome = try await Swage.run(["plan"] + rest)
                try #require(outcome.status == 0, "\(outcome.error)")
                return ["run", workspace.file("plan.json")]
            }
        case "report":
            rest =
                ["--model", "m=\(model)", "--text", "t=\(Products.tinyText)", "--context", "32", "--chunks", "1"]
                + (option.name == "--limit" ? ["--task", try task(workspace)] : [])
        case "split": rest = [model] + output
        case "upcycle":
            rest = [
                Fixtures.path("models/xverse-dense-tiny"), "-o", workspace.file("folder"), "--experts", "4", "--top-k",
                "2", "--check", Products.tinyText, "--context", "32", "--chunks", "1",
            ]
        default: rest = []
        }
        return [option.command] + rest
    }

    @Test(arguments: OptionTable.options(.number)) func numbersThatNobodyMeans(option: OptionTable.Option) async throws
    {
        for value in Self.values {
            let workspace = try Workspace()
            let arguments = try await Self.arguments(for: option, workspace)
            let end = arguments.firstIndex(of: "--") ?? arguments.count
            let outcome = try await Swage.run(
                arguments[..<end] + ["\(option.name)=\(value)"] + arguments[end...], standardInput: "a\n")
            // Done, refused as an option, refused as an input that is too small for it, or no room for it.
            #expect([0, 2, 3, 4].contains(outcome.status), "\(value): \(outcome.status) \(outcome.error)")
            #expect(outcome.status == 0 || !outcome.error.isEmpty)
        }
    }

    /// Numbers that were read wrong once.
    @Test(arguments: [
        ("--from-chunk", "9223372036854775807", 3, "fewer than 9223372036854775808 windows"),
        ("--save-states-every", "1e308", 2, "--save-states-every must be from 0 to 1000000000"),
        ("--save-states-every", "nan", 2, "--save-states-every must be"),
        ("--memory", "8388607TiB", 2, "--memory"),
    ]) func refusals(option: String, value: String, status: Int32, words: String) async throws {
        let outcome = try await Swage.run(
            "perplexity", try await Products.tinyBase.value, "--text", Products.tinyText, "--context", "32", option,
            value)
        #expect(outcome.status == status && outcome.error.contains(words), "\(outcome.status) \(outcome.error)")
    }
}
