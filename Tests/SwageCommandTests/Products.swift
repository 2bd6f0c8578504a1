import Foundation
import TestSupport
import Testing

/// Files made from the bundled checkpoint once for all tests.
enum Products {
    static let checkpoint = CheckpointCopy.original

    /// Lives as long as the tests; what is left of it goes when they end.
    private static let workspace = Result {
        let workspace = try Workspace()
        atexit { Products.removeAll() }
        return workspace
    }

    private static func removeAll() {
        guard let path = try? workspace.get().path else { return }
        try? FileManager.default.removeItem(atPath: path)
    }

    /// As stored, experts padded.
    static let original = product("original.gguf") { ["convert", checkpoint, "-o", $0] }
    static let float32 = product("float32.gguf") { ["convert", checkpoint, "-o", $0, "--type", "f32"] }
    static let unpadded = product("unpadded.gguf") { ["convert", checkpoint, "-o", $0, "--pad-experts", "off"] }
    static let importance = product("importance.gguf") { output in
        ["imatrix", try await original.value, "-o", output, "--context", "64", "--chunks", "2"] + ["--text"] + texts
    }
    static let threeWindows = product("three-windows.gguf") { output in
        ["imatrix", try await original.value, "-o", output, "--context", "64", "--chunks", "3"] + ["--text"] + texts
    }
    static let quantizedCheckpoint = product("quantized-checkpoint.gguf") {
        ["quantize", checkpoint, "-o", $0, "--type", "Q4_K_M"]
    }
    static let fine = product("fine.gguf") { output in
        [
            "quantize", try await original.value, "-o", output, "--type", "IQ2_XS", "--imatrix",
            try await importance.value,
        ]
    }
    static let quantized = product("quantized.gguf") { output in
        ["quantize", try await original.value, "-o", output, "--type", "Q4_K_M"]
    }

    /// One layer of the checkpoint with a few of its experts, as stored, and not padded.
    static let shallow = product("shallow.gguf") { ["convert", try ShallowCheckpoint.path(), "-o", $0] }
    static let unpaddedShallow = product("unpadded-shallow.gguf") {
        ["convert", try ShallowCheckpoint.path(), "-o", $0, "--pad-experts", "off"]
    }

    static let importanceOfShallow = product("importance-of-shallow.gguf") { output in
        ["imatrix", try await shallow.value, "-o", output, "--context", "64", "--chunks", "2"] + ["--text"] + texts
    }
    static let fineShallow = product("fine-shallow.gguf") { output in
        [
            "quantize", try await shallow.value, "-o", output, "--type", "IQ2_XS", "--imatrix",
            try await importanceOfShallow.value,
        ]
    }

    /// Two tiny models, what llama.cpp has stored of the first one's predictions, and their text; of
    /// `Tests/Generators/predictions_golden.py`.
    static let tinyBase = unpacked("base.gguf")
    static let tinyModel = unpacked("model.gguf")
    static let tinyLogits = unpacked("base_logits.bin")
    static let tinyText = Fixtures.path("golden/predictions/text.txt")

    /// Calibration texts.
    static let texts = ["conversation-en", "conversation-zh", "fiction-en", "fiction-zh", "web-en", "web-zh"]
        .map { Fixtures.path("text/calib/\($0).txt") }

    private static func unpacked(_ name: String) -> Task<String, any Error> {
        Task { try workspace.get().write(name, try Fixtures.decompressed("golden/predictions/\(name).zst")) }
    }

    private static func product(
        _ name: String, _ arguments: @escaping @Sendable (_ output: String) async throws -> [String]
    ) -> Task<String, any Error> {
        Task {
            let path = try workspace.get().file(name)
            let outcome = try await Swage.run(try await arguments(path))
            try #require(outcome.status == 0, "\(outcome.error)")
            return path
        }
    }
}
