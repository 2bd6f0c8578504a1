import Foundation
import GGUF
import TestSupport
import Testing

/// `swage sensitivity`, and `swage quantize` with a limit.
@Suite struct BudgetTests {
    private static let texts = ["fiction-en", "web-zh"].map { Fixtures.path("text/calib/\($0).txt") }
    private static let windows = ["--calibration-context", "256", "--calibration-chunks", "8"]

    /// What types cost in the bundled model, by few windows.
    private static let sensitivity = Task { try await measured(Products.original, chunks: "8") }
    private static let sensitivityOfShallow = Task { try await measured(Products.shallow, chunks: "2") }

    private static func measured(
        _ model: Task<String, any Error>, chunks: String
    ) async throws -> (Workspace, String) {
        let workspace = try Workspace()
        let path = workspace.file("sensitivity.json")
        let outcome = try await Swage.run(
            ["sensitivity", try await model.value, "-o", path, "--context", "256", "--chunks", chunks, "--text"]
                + texts)
        #expect(outcome.status == 0, "\(outcome.error)")
        return (workspace, path)
    }

    private static func quantize(_ limit: [String], _ output: String?) async throws -> Swage.Outcome {
        try await Swage.run(
            ["quantize", try await Products.original.value] + limit
                + ["--sensitivity", try await sensitivity.value.1, "--calibrate"] + texts + windows
                + (output.map { ["-o", $0] } ?? ["--dry-run"]))
    }

    private static func quantizeShallow(_ options: [String], _ output: String?) async throws -> Swage.Outcome {
        try await Swage.run(
            ["quantize", try await Products.shallow.value] + options
                + ["--sensitivity", try await sensitivityOfShallow.value.1, "--calibrate"] + texts
                + ["--calibration-context", "64", "--calibration-chunks", "2"]
                + (output.map { ["-o", $0] } ?? ["--dry-run"]))
    }

    private struct Content: Decodable {
        struct Matrix: Decodable {
            let name: String
            let errors: [String: Double]
        }

        let reroutingDivergence: Double
        let matrices: [Matrix]
    }

    /// More bits, less error, in every matrix.
    @Test func measuresWhatTypesCost() async throws {
        let content = try JSONDecoder().decode(Content.self, from: Data(path: try await Self.sensitivity.value.1))
        #expect(content.matrices.count == 42)
        #expect(content.reroutingDivergence >= 0 && content.reroutingDivergence < 1e-4)
        for matrix in content.matrices {
            let errors = try ["IQ1_S", "IQ2_XXS", "IQ3_XXS", "Q4_K", "Q6_K", "Q8_0"].map {
                try #require(matrix.errors[$0], "\(matrix.name)")
            }
            #expect(errors == errors.sorted(by: >), "\(matrix.name): \(errors)")
        }
    }

    /// A file of that size at most, with what was predicted, and less loss than the mix of that size.
    @Test func fitsASize() async throws {
        let workspace = try Workspace()
        let output = workspace.file("out.gguf")
        let dryRun = try await Swage.run(
            ["quantize", try await Products.original.value, "--type", "IQ2_XXS", "--dry-run", "--calibrate"]
                + Self.texts
                + Self.windows)
        let size = try #require(dryRun.output.firstMatch(of: #/([0-9]+) bytes of file/#).flatMap { Int($0.1) })
        let outcome = try await Self.quantize(["--size", "\(size)"], output)
        #expect(outcome.status == 0, "\(outcome.error)")
        let byteCount = try Data(path: output).count
        #expect(byteCount <= size && byteCount > size - 50_000)
        #expect(workspace.contents == ["out.gguf"])
        let figures = try #require(outcome.output.firstMatch(of: #/([0-9.]+) predicted, ([0-9.]+) measured/#))
        let (predicted, measured) = (try #require(Double(figures.1)), try #require(Double(figures.2)))
        #expect(predicted < 2 * measured && measured < 2 * predicted)
        let mix = try #require(outcome.output.firstMatch(of: #/(\w+), the best mix.*: ([0-9.]+) predicted/#))
        #expect(mix.1 == "IQ2_XXS")
        #expect(try predicted < 0.7 * #require(Double(mix.2)))
        #expect(outcome.output.contains("llama-server -m \(output)"))

        let recipe = try await Swage.run("quantize", output, "--recipe", output, "--print-recipe")
        #expect(recipe.status == 0 && recipe.output.contains("least predicted loss"))
    }

    /// Types of as many bits, such as Q4_K and IQ4_NL, come in the same order every time.
    @Test func listsTypesInOneOrder() async throws {
        var listings: [[String]] = []
        for _ in 0..<4 {
            let output = try await Self.quantize(["--bpw", "3.2"], nil).output
            listings.append(output.matches(of: #/\n(I?Q\w+): /#).map { String($0.1) })
        }
        let bits = ["IQ3_S", "Q3_K", "IQ4_NL", "Q4_K"].filter(listings[0].contains)
        #expect(bits.count > 2, "two of them have as many bits: \(listings[0])")
        #expect(Set(listings).count == 1)
    }

    @Test func fitsBitsPerWeight() async throws {
        let outcome = try await Self.quantize(["--bpw", "3.0"], nil)
        #expect(outcome.status == 0, "\(outcome.error)")
        let bits = try #require(outcome.output.firstMatch(of: #/([0-9.]+) bits per weight/#).flatMap { Double($0.1) })
        #expect(bits <= 3 && bits > 2.98)
    }

    /// Parts have the types and bytes of one file, and a size is that of all of them together.
    @Test(arguments: [
        ["--bpw", "2.6"], ["--fit", "65.5MiB", "--context", "2048", "--reserve", "20MiB"], ["--size", "1300000"],
    ])
    func fitsInParts(limit: [String]) async throws {
        try Conformance.row("quantizing/split-limit")
        let workspace = try Workspace()
        let (whole, parts) = (workspace.file("whole.gguf"), workspace.file("parts.gguf"))
        let limits = ["--split-max-size", "300K"]
        let one = try await Self.quantizeShallow(limit, whole)
        let cut = try await Self.quantizeShallow(limit + limits, parts)
        try #require(one.status == 0 && cut.status == 0, "\(one.error)\(cut.error)")
        let names = workspace.contents.filter { $0.hasPrefix("parts-0") }.sorted()
        #expect(names.count > 2)
        let size = try names.reduce(0) { try $0 + Data(path: workspace.file($1)).count }
        let first = workspace.file(try #require(names.first))
        if limit[0] == "--size" {
            #expect(size <= 1_300_000 && size > 1_250_000)
            // A limit that leaves no room for the parts' headers.
            let tight = try await Self.quantizeShallow(
                ["--size", "\(size - 1)"] + limits, workspace.file("tight.gguf"))
            #expect(tight.status == 0)
            let found = try workspace.contents.filter { $0.hasPrefix("tight-0") }
                .reduce(0) { try $0 + Data(path: workspace.file($1)).count }
            #expect(found < size)
            let dry = try await Self.quantizeShallow(limit + limits, nil)
            #expect(dry.output.contains("\(size) bytes of file"))
        } else {
            #expect(try tensorBytes(first) == tensorBytes(whole))
        }
        #expect(cut.output.contains("llama-server -m \(first)"))
    }

    /// All but the embedding, the cache, working memory and the reserve.
    @Test func fitsADevice() async throws {
        let outcome = try await Self.quantize(["--fit", "80MiB", "--context", "2048", "--reserve", "20MiB"], nil)
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(outcome.output.contains("token_embd.weight                256 × 4096  BF16  Q8_0"))
        #expect(outcome.output.contains("-ngl 99 -c 2048"))
        #expect(!outcome.output.contains("measured"))
    }

    /// Memory beside the device takes the experts of the first layers, and allows finer types.
    @Test func fitsADeviceAndMemoryBesideIt() async throws {
        func bits(_ limit: [String]) async throws -> (bits: Double, text: String) {
            let outcome = try await Self.quantize(limit + ["--context", "2048", "--reserve", "20MiB"], nil)
            try #require(outcome.status == 0, "\(outcome.error)")
            let found = outcome.output.firstMatch(of: #/([0-9.]+) bits per weight/#).flatMap { Double($0.1) }
            return (try #require(found), outcome.output)
        }
        let alone = try await bits(["--fit", "76MiB"])
        let divided = try await bits(["--fit-gpu", "76MiB", "--fit-ram", "4MiB"])
        #expect(divided.bits > alone.bits + 1)
        #expect(
            divided.text.contains(#/-ngl 99 -c 2048 -ot 'blk\\\.\(0(\|1)*\)\\\.ffn_\(gate\|up\|down\)_exps\\\.=CPU'/#))
        // Memory for nothing changes nothing.
        let whole = try await bits(["--fit", "80MiB", "--fit-ram", "1MiB"])
        #expect(whole.bits >= alone.bits)
    }

    @Test(arguments: [
        Refusal("a limit and a mix", status: 2, "a limit with --fit, --size or --bpw") { _ in
            ["quantize", try await Products.original.value, "-o", "{out}", "--size", "5M", "--type", "Q4_K_M"]
        },
        Refusal("a limit without texts", status: 2, "--calibrate TEXT") { _ in
            ["quantize", try await Products.original.value, "-o", "{out}", "--size", "5M"]
        },
        Refusal("a limit and one type for all", status: 2, "nothing to choose") { _ in
            ["quantize", try await Products.original.value, "-o", "{out}", "--size", "5M", "--pure", "--calibrate"]
                + texts
        },
        Refusal("a context without a device", status: 2, "belong to --fit") { _ in
            ["quantize", try await Products.original.value, "-o", "{out}", "--size", "5M", "--context", "512"]
        },
        Refusal("too small a size", status: 2, "are left for them", "allow more bytes") { _ in
            ["quantize", try await Products.original.value, "-o", "{out}", "--size", "1M", "--sensitivity"]
                + [try await sensitivity.value.1, "--calibrate"] + texts + windows
        },
        Refusal("too small a size, in MiB", status: 2, " MiB in the smallest types") { _ in
            ["quantize", try await Products.original.value, "-o", "{out}", "--size", "1M", "--sensitivity"]
                + [try await sensitivity.value.1, "--calibrate"] + texts + windows
        },
        Refusal("a device of whole GiB", status: 2, "what is reserved take 2.", "GiB, and the device has 2.00 GiB") {
            _ in
            ["quantize", try await Products.original.value, "-o", "{out}", "--fit", "2GiB", "--reserve", "2GiB"]
                + ["--context", "4096", "--sensitivity", try await sensitivity.value.1, "--calibrate"] + texts + windows
        },
        Refusal("a device that the context fills", status: 2, "use a shorter --context") { _ in
            ["quantize", try await Products.original.value, "-o", "{out}", "--fit", "30M", "--reserve", "20M"]
                + ["--context", "4096", "--sensitivity", try await sensitivity.value.1, "--calibrate"] + texts + windows
        },
        Refusal("the sensitivity of another model", status: 3, "on other weights than those of") { _ in
            ["quantize", try await Products.quantized.value, "-o", "{out}", "--size", "5M", "--sensitivity"]
                + [try await sensitivity.value.1, "--allow-requantize", "--calibrate"] + texts + windows
        },
        Refusal("a sensitivity of an older form", status: 3, "as version 2", "make it with swage sensitivity") {
            workspace in
            ["quantize", try await Products.original.value, "-o", "{out}", "--size", "5M", "--sensitivity"]
                + [try workspace.write("s.json", Array("{\"version\": 1}".utf8)), "--calibrate"] + texts + windows
        },
        Refusal("texts of one window", status: 2, "smaller --held-out") { workspace in
            let text = try workspace.write("short.txt", Array(repeating: UInt8(ascii: "a"), count: 3000))
            return ["quantize", try await Products.original.value, "-o", "{out}", "--size", "5M", "--calibrate", text]
                + ["--calibration-context", "512", "--calibration-chunks", "1"]
        },
    ])
    func refuses(_ refusal: Refusal) async throws { try await refusal.check() }
}
