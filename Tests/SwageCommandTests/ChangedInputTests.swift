import Foundation
import Platform
import TestSupport
import Testing

/// Unfinished work is continued only if its inputs have the same content, whatever their names, sizes and times.
@Suite struct ChangedInputTests {
    private static let text = Fixtures.path("text/calib/fiction-en.txt")

    private func arguments(_ model: String, _ output: String, _ options: [String] = []) -> [String] {
        [
            "quantize", model, "-o", output, "--type", "IQ2_XXS", "--calibration-context", "256",
            "--calibration-chunks", "4", "--calibrate", Self.text,
        ] + options
    }

    /// One expert's matrix in the middle of a stack, one weight of it, and a number of the configuration; sizes and times
    /// stay.
    @Test(arguments: [
        "quantizing/continue-changed-expert", "quantizing/continue-changed-weight",
        "quantizing/continue-changed-configuration",
    ])
    func aCalibrationOfAChangedCheckpoint(row: String) async throws {
        try Conformance.row(row)
        let change = row.split(separator: "-").last
        let workspace = try Workspace()
        let checkpoint = try workspace.checkpoint()
        let output = workspace.file("out.gguf")
        let run = try Swage.Run(arguments(checkpoint.path, output))
        #expect(await run.send(SIGKILL) { access(output + ".calibration/states", F_OK) == 0 })
        _ = try await run.outcome()
        try #require(workspace.contents.contains("out.gguf.calibration"), "the run was too fast to be killed")

        let name = "model.layers.1.mlp.experts.7.up_proj.weight"
        if change == "configuration" {
            try checkpoint.configure("rms_norm_eps", 0.25)
        } else {
            let shard = try #require(
                try (1...3).first {
                    try Data(path: "\(checkpoint.path)/\(CheckpointCopy.shard($0))").range(of: Data(name.utf8)) != nil
                })
            try checkpoint.edit(CheckpointCopy.shard(shard)) { file in
                let length = file.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
                let object = try JSONSerialization.jsonObject(with: file.dropFirst(8).prefix(length))
                let header = try #require(object as? [String: [String: Any]])
                let range = try #require(header[name]?["data_offsets"] as? [Int]).map { 8 + length + $0 }
                // The second byte of a bf16 weight has its sign.
                let places =
                    change == "weight" ? [range[0] + 2 * 40_002] : Array(stride(from: range[0], to: range[1], by: 2))
                for place in places { file[place + 1] ^= 0x80 }
            }
        }
        let second = try await Swage.run(arguments(checkpoint.path, output))
        #expect(second.status == 2 && second.error.contains("belongs to another calibration"), "\(second.error)")
        #expect(!workspace.contents.contains("out.gguf"))
    }

    /// Scores, stored predictions and sensitivities have the same digest of the weights.
    @Test func scoresOfAChangedExpert() async throws {
        try Conformance.row("quantizing/scores-of-changed-weights")
        let workspace = try Workspace()
        let model = try await TinyModel(workspace)
        let scores = workspace.file("scores.jsonl")
        let arguments = [
            "perplexity", model.path, "--text", Products.tinyText, "--context", "32", "--save-scores", scores,
        ]
        #expect(try await Swage.run(arguments).status == 0)
        #expect(try await Swage.run(arguments).status == 0, "the same content is continued")
        try model.set("blk.1.ffn_up_exps.weight", expert: 2, to: 0.5)
        let outcome = try await Swage.run(arguments)
        #expect(outcome.status == 2 && outcome.error.contains("only the same run can be continued"), "\(outcome.error)")
    }
}
