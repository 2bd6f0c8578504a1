import Foundation
import TestSupport
import Testing

/// `swage fit`: sizes and devices from headers alone.
@Suite struct FittingTests {
    private struct Report: Decodable {
        let context: Int
        let cacheBytes: Int
        let workBytes: Int
        let reserveBytes: Int
        let best: String?
        let types: [Entry]

        struct Entry: Decodable {
            let name: String
            let needsImportance: Bool
            let fileBytes: Int
            let weightBytes: Int
            let neededBytes: Int
            let longestContext: Int?
            let fits: [String: Bool]
            let division: Division?
        }

        struct Division: Decodable {
            let layers: Int
            let deviceBytes: Int
            let processorBytes: Int
            let command: String
        }

        subscript(name: String) -> Entry? { types.first { $0.name == name } }
    }

    private static func report(_ arguments: String...) async throws -> Report {
        let outcome = try await Swage.run(["fit"] + arguments + ["--json"])
        try #require(outcome.status == 0, "\(outcome.error)")
        return try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
    }

    /// The sizes are those of the files that are written.
    @Test(arguments: ["xverse-moe-tiny", "xverse-ent-tiny", "apus-xdan-tiny"])
    func sizesAreThoseOfFiles(model: String) async throws {
        let workspace = try Workspace()
        let (path, output) = (Fixtures.path("models/\(model)"), workspace.file("out.gguf"))
        let report = try await Self.report(path)
        let types = [
            "Q8_0", "Q6_K", "Q5_K_M", "Q5_0", "Q4_K_M", "Q4_0", "IQ4_XS", "IQ4_NL", "Q3_K_M", "MXFP4_MOE",
        ]
        for type in types {
            try #require(try await Swage.run("quantize", path, "-o", output, "--overwrite", "--type", type).status == 0)
            #expect(try Data(path: output).count == report[type]?.fileBytes, "\(type)")
        }
        #expect(report["IQ2_XXS"]?.needsImportance == true && report["Q4_K_M"]?.needsImportance == false)
        #expect(report.types.map(\.fileBytes) == report.types.map(\.fileBytes).sorted(by: >))
    }

    /// What a device must hold is the sum of what it is made of, and the longest context is one that fits.
    @Test func contextsFit() async throws {
        let model = try await Products.original.value
        let roomy = try await Self.report(model, "--memory", "2GiB", "--reserve", "1MiB")
        let entry = try #require(roomy["Q4_K_M"])
        #expect(entry.neededBytes == entry.weightBytes + roomy.cacheBytes + roomy.workBytes + roomy.reserveBytes)
        #expect(roomy.best == roomy.types[0].name)
        let tight = try await Self.report(model, "--memory", "\(entry.neededBytes - 1)", "--reserve", "1MiB")
        let longest = try #require(tight["Q4_K_M"]?.longestContext)
        #expect(longest < roomy.context)
        for (context, fits) in [(longest, true), (longest + 256, false)] where context > 0 {
            let report = try await Self.report(
                model, "--memory", "\(entry.neededBytes - 1)", "--reserve", "1MiB", "--context", "\(context)")
            #expect((try #require(report["Q4_K_M"]).neededBytes <= entry.neededBytes - 1) == fits)
        }
    }

    /// Experts of the first layers go beside a device that cannot hold them all.
    @Test func expertsGoBesideTheDevice() async throws {
        let model = try await Products.original.value
        let entry = try #require(try await Self.report(model, "--memory", "2GiB", "--reserve", "1MiB")["Q8_0"])
        let memory = entry.neededBytes - 1
        let divided = try await Self.report(
            model, "--memory", "\(memory)", "--reserve", "1MiB", "--ram", "1GiB")
        let division = try #require(divided["Q8_0"]?.division)
        #expect(division.layers == 1 && division.deviceBytes <= memory)
        #expect(division.deviceBytes + division.processorBytes == entry.neededBytes)
        #expect(division.command.contains(#"-ot 'blk\.(0)\.ffn_(gate|up|down)_exps\.=CPU'"#))
        #expect(divided["Q4_K_M"]?.division == nil)
        let words = try await Swage.run(
            "fit", model, "--memory", "\(memory)", "--reserve", "1MiB", "--ram", "1GiB")
        #expect(words.output.contains("of experts beside it") && words.output.contains("-ngl 99"))
    }

    @Test func showsWhatFits() async throws {
        let outcome = try await Swage.run("fit", Products.checkpoint, "--memory", "24GiB")
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("✓") && outcome.output.contains("--fit 25769803776 --context"))
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.filter { $0.contains("✓") || $0.contains("✗") }.allSatisfy { $0.count <= 80 })
        #expect(try await Swage.run("fit", Products.checkpoint, "--ram", "8GiB").status == 2)
        #expect(try await Swage.run("fit", Products.checkpoint, "--context", "0").status == 2)
        #expect(try await Swage.run("fit", Products.texts[0]).status == 3)
    }
}
