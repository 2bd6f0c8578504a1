import Foundation
import Models
import Pipelines
import TestSupport
import Testing
import Upcycling

/// What cannot be upcycled, and what is said to work instead.
@Suite struct RefusalTests {
    @Test(arguments: [
        (Shape(8, 4, granularity: 5), UpcyclingError.Kind.widthNotDivisible(width: 48, granularity: 5, near: [4, 6])),
        (Shape(8, 4, granularity: 96), .widthNotDivisible(width: 48, granularity: 96, near: [24])),
        (Shape(8, 4, granularity: .max), .widthNotDivisible(width: 48, granularity: .max, near: [24])),
        (Shape(9, 4, granularity: 4), .expertsNotGroups(count: 9, groupSize: 4, near: [8, 12])),
        (Shape(2, 2, granularity: 4), .expertsNotGroups(count: 2, groupSize: 4, near: [4])),
        (Shape(8, 6, granularity: 4), .usedNotGroups(count: 6, groupSize: 4, near: [4, 8])),
        (Shape(8, 5, granularity: 4, shared: 2), .usedNotGroups(count: 5, groupSize: 2, near: [4, 6])),
        (Shape(8, 9), .usedTooMany(count: 9, expertCount: 8)),
        (Shape(8, 2, granularity: 1, shared: 1), .sharedTakesAll(sharedCount: 1, granularity: 1)),
        (Shape(8, 2, granularity: 2, shared: 2), .sharedTakesAll(sharedCount: 2, granularity: 2)),
        (Shape(.max, 2), .tooManyExperts(count: .max, limit: 1024)),
    ])
    func optionsThatDoNotSuit(shape: Shape, kind: UpcyclingError.Kind) throws {
        try Conformance.row("upcycling/numbers-that-do-not-divide")
        try DenseModel.xverse.withCheckpoint { checkpoint, output in
            let error = #expect(throws: UpcyclingError.self) { try upcycle(checkpoint, to: output, shape.options()) }
            #expect(error?.kind == kind && error?.file == checkpoint)
            #expect(error?.diagnostic.fault == .usage && error?.diagnostic.advice != nil)
            #expect(!FileManager.default.fileExists(atPath: output))
        }
    }

    /// The numbers that the advice gives do work.
    @Test(arguments: [
        Shape(8, 6, granularity: 6), Shape(9, 4, granularity: 4), Shape(8, 6, granularity: 4),
        Shape(8, 4, granularity: 5),
    ])
    func whatIsAdvisedWorks(shape: Shape) throws {
        try DenseModel.xverse.withCheckpoint { checkpoint, _ in
            let dense = try Model.open(checkpoint)
            func kind(_ shape: Shape) throws -> UpcyclingError.Kind? {
                do {
                    _ = try ExpertUpcycling(options: shape.options()).plan(dense)
                    return nil
                } catch let error as UpcyclingError {
                    return error.kind
                }
            }
            var advised: [Shape] = []
            switch try kind(shape) {
            case .widthNotDivisible(_, _, let near)?:
                advised = near.map { Shape(12 * $0, $0, granularity: $0) }
            case .expertsNotGroups(_, _, let near)?:
                advised = near.map { Shape($0, shape.used, granularity: shape.granularity) }
            case .usedNotGroups(_, _, let near)?:
                advised = near.map { Shape(shape.experts, $0, granularity: shape.granularity) }
            case let other: Issue.record("\(String(describing: other))")
            }
            for other in advised { #expect(try kind(other) == nil, "\(other)") }
        }
    }

    @Test func mixtralHasNoSharedExperts() throws {
        try Conformance.row("upcycling/shared-slices-of-mixtral")
        try DenseModel.llama.withCheckpoint { checkpoint, output in
            let options = Shape(8, 4, granularity: 4, shared: 2).options(form: .mixtral)
            let error = #expect(throws: UpcyclingError.self) { try upcycle(checkpoint, to: output, options) }
            #expect(error?.kind == .noPlaceForShared)
        }
    }

    /// What is a mixture already.
    @Test(arguments: ["xverse-moe-tiny", "apus-xdan-tiny"]) func mixtures(name: String) throws {
        try Fixtures.withTemporaryDirectory { directory in
            let error = #expect(throws: UpcyclingError.self) {
                try upcycle(Fixtures.path("models/\(name)"), to: directory + "/out", Shape(8, 2).options())
            }
            guard case .alreadyMixture? = error?.kind else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    /// A rotation that llama.cpp's architecture with shared experts has no place for; without them it works.
    @Test func whatNoArchitectureExpresses() throws {
        try Conformance.row("upcycling/a-rotation-without-a-place")
        let dense = DenseModel(name: "xverse-dense-llama3")
        try dense.withCheckpoint { checkpoint, output in
            let shared = Shape(8, 6, granularity: 4, shared: 2).options()
            let error = #expect(throws: UpcyclingError.self) { try upcycle(checkpoint, to: output, shared) }
            guard case .inexpressible? = error?.kind else {
                Issue.record("\(String(describing: error))")
                return
            }
            try upcycle(checkpoint, to: output, Shape(8, 4, granularity: 4).options())
            let ids = try dense.ids
            #expect(difference(try logits(output, ids), try logits(checkpoint, ids)) < 1e-3)
        }
    }

    /// Weights that half precision cannot hold four times as large.
    @Test func overflow() throws {
        try Conformance.row("upcycling/half-precision-overflow")
        try DenseModel.xverse.withCheckpoint(type: .f16) { checkpoint, output in
            let path = checkpoint + "/model.safetensors"
            var data = try Data(contentsOf: URL(filePath: path))
            // The last bytes of the file are a tensor's; of all tensors the first weight becomes 30000.
            let length = data.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
            let header = try #require(
                JSONSerialization.jsonObject(with: data.dropFirst(8).prefix(length)) as? [String: [String: Any]])
            let offsets = try #require(header["model.layers.1.mlp.down_proj.weight"]?["data_offsets"] as? [Int])
            let bits = Float16(30000).bitPattern
            data[8 + length + offsets[0]] = UInt8(truncatingIfNeeded: bits)
            data[8 + length + offsets[0] + 1] = UInt8(bits >> 8)
            try data.write(to: URL(filePath: path))
            let error = #expect(throws: UpcyclingError.self) {
                try upcycle(checkpoint, to: output, Shape(8, 4, granularity: 4).options())
            }
            #expect(error?.kind == .overflow(value: 120_000, type: "F16"))
            #expect(error?.place == "model.layers.1.mlp.down_proj.weight")
            // Nothing stays of it.
            #expect(!FileManager.default.fileExists(atPath: output))
        }
    }
}
