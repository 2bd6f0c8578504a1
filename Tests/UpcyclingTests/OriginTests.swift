import Foundation
import Models
import Parallelism
import Pipelines
import SafetensorsIO
import TestSupport
import Testing
import Upcycling

/// Whether experts are still slices of one dense block.
@Suite struct OriginTests {
    private func origin(_ path: String) throws -> ExpertOrigin? {
        try ExpertOrigin(of: Model.open(path).tensors)
    }

    @Test(arguments: [
        (Shape(8, 4, granularity: 4), 4, [[0, 1, 2, 3], [4, 5, 6, 7]]),
        (Shape(4, 4, granularity: 4), 4, [[0, 1, 2, 3]]),
        (Shape(6, 2, granularity: 4, shared: 2), 2, [[0, 1], [2, 3], [4, 5]]),
        (Shape(3, 1), 1, [[0], [1], [2]]),
    ])
    func findsVirtualGroups(shape: Shape, distinct: Int, groups: [[Int]]) throws {
        try DenseModel.xverse.withCheckpoint { checkpoint, output in
            #expect(try origin(checkpoint) == nil)
            try upcycle(checkpoint, to: output, shape.options())
            let found = try #require(try origin(output))
            #expect(found.layers.count == 2 && found.slicedLayers.count == 2)
            for layer in found.layers { #expect(layer.distinctCount == distinct && layer.groups == groups) }
            // In a GGUF of it, quantized too.
            for type in [Conversion.Target.auto, .q8_0] {
                let file = "\(output)-\(type.rawValue).gguf"
                _ = try Conversion(target: type, parallel: Parallel()).run(Model.open(output), output: file) { _ in }
                #expect(try origin(file)?.slicedLayers.map(\.groups) == [groups, groups])
            }
        }
    }

    /// Experts that were changed, each by itself, are slices no more; what the router's rows are is found still.
    @Test func changedExperts() throws {
        try DenseModel.xverse.withCheckpoint { checkpoint, output in
            try upcycle(checkpoint, to: output, Shape(8, 4, granularity: 4).options(perturbation: .noise(0.1)))
            let found = try #require(try origin(output))
            #expect(found.slicedLayers.isEmpty && !found.hasCopies)
            #expect(found.layers[0].groups.count == 2 && found.layers[0].distinctCount == 8)
        }
    }

    @Test(arguments: ["xverse-moe-tiny", "xverse-ent-tiny", "apus-xdan-tiny"]) func trainedMixtures(name: String) throws
    {
        let found = try #require(try origin(Fixtures.path("models/\(name)")))
        #expect(found.slicedLayers.isEmpty && !found.hasCopies)
        #expect(found.layers.allSatisfy { $0.groups.count == $0.expertCount })
    }
}
