import Foundation
import GGUF
import Testing

/// What results say of the files that they were made from, as `Docs/Reliability.md` lists it.
@Suite struct OriginTests {
    private func inputs(of path: String) throws -> [String] {
        try GGUFFile(path: path).metadata.strings("swage.inputs")?.map(\.description) ?? []
    }

    /// The digest of a file, by a program that is not ours.
    private func digest(_ path: String) async throws -> String {
        let run = try Swage.Run([path], program: URL(filePath: "/usr/bin/sha256sum"))
        return try await String(run.outcome().output.prefix(64))
    }

    private func run(_ arguments: String...) async throws {
        let outcome = try await Swage.run(arguments)
        try #require(outcome.status == 0, "\(outcome.error)")
    }

    @Test(.enabled("there is no sha256sum") { FileManager.default.isExecutableFile(atPath: "/usr/bin/sha256sum") })
    func modelsNameTheirInputs() async throws {
        let workspace = try Workspace()
        let base = try await Products.tinyBase.value
        let (text, textDigest) = (Products.tinyText, try await digest(Products.tinyText))
        let importance = workspace.file("importance.gguf")
        try await run("imatrix", base, "-o", importance, "--text", text, "--context", "32", "--chunks", "2")
        let guided = workspace.file("guided.gguf")
        try await run("quantize", base, "-o", guided, "--type", "Q4_0", "--imatrix", importance)
        let model = try #require(
            try inputs(of: importance).first?.firstMatch(of: /model [0-9a-f]{64} .+/).map { String($0.output) })
        #expect(try inputs(of: importance) == [model, "text \(textDigest) text"])
        #expect(
            try inputs(of: guided) == [
                "importance \(try await digest(importance)) importance.gguf", "importance.\(model)",
                "importance.text \(textDigest) text",
            ])

        let metadata = try workspace.write("metadata.json", Array(#"{"general.author": "nobody"}"#.utf8))
        let converted = workspace.file("converted.gguf")
        try await run("convert", base, "-o", converted, "--metadata", metadata)
        let record = "metadata \(try await digest(metadata)) metadata.json"
        #expect(try inputs(of: converted) == [record])

        let calibrated = workspace.file("calibrated.gguf")
        try await run(
            "quantize", converted, "-o", calibrated, "--type", "Q4_0", "--calibrate", text, "--calibration-context",
            "32",
            "--calibration-chunks", "2")
        #expect(try inputs(of: calibrated) == [record, "text \(textDigest) text"])

        let again = workspace.file("again.gguf")
        try await run("quantize", calibrated, "-o", again, "--type", "Q8_0", "--allow-requantize")
        #expect(try inputs(of: again) == [record])

        for path in [guided, converted, calibrated, again] {
            #expect(try GGUFFile(path: path).metadata.string("swage.version") != nil)
        }
        #expect(try GGUFFile(path: calibrated).metadata.string("swage.recipe") != nil)
    }

    @Test func checkpointsAreNamedByTheirContent() async throws {
        let metadata = try GGUFFile(path: try await Products.original.value).metadata
        #expect(metadata.string("swage.source.weights.sha256")?.count == 64)
        let files = try #require(metadata.strings("swage.source.files"))
        #expect(files.contains("config.json") && metadata.strings("swage.source.sha256")?.count == files.count)
    }
}
