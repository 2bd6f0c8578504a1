import Foundation
import SafetensorsIO
import TestSupport
import Testing
import Upcycling

/// What `noise` and `drop` do to experts.
@Suite struct PerturbationTests {
    private func weights(_ path: String, _ name: String) throws -> (values: [Float], shape: [Int]) {
        let tensor = try #require(SafetensorsFile(path: "\(path)/model.safetensors").tensor(named: name))
        return (try tensor.floats(), tensor.descriptor.shape)
    }

    private static func name(_ expert: Int, _ matrix: String) -> String {
        "model.layers.1.mlp.experts.\(expert).\(matrix)_proj.weight"
    }

    private static let shape = Shape(6, 3, granularity: 4, shared: 1)

    private func compare(
        _ perturbation: UpcyclingOptions.Perturbation, _ body: (_ plain: String, _ changed: String) throws -> Void
    ) throws {
        try DenseModel.xverse.withCheckpoint(type: .f32) { checkpoint, output in
            try upcycle(checkpoint, to: output + "-plain", Self.shape.options())
            let plan = try upcycle(checkpoint, to: output, Self.shape.options(perturbation: perturbation))
            #expect(plan.upcycling.exactness == .perturbed)
            try body(output + "-plain", output)
            for matrix in ["gate", "up", "down"] {
                let name = "model.layers.1.mlp.shared_experts.\(matrix)_proj.weight"
                #expect(try weights(output, name).values == weights(output + "-plain", name).values)
            }
            let router = "model.layers.1.mlp.router.weight"
            #expect(try weights(output, router).values == weights(output + "-plain", router).values)
        }
    }

    /// Noise of a tenth of the deviation: of mean 0, and another for each copy of a slice.
    @Test func noise() throws {
        try compare(.noise(0.1)) { plain, changed in
            for matrix in ["gate", "up", "down"] {
                var noises: [[Float]] = []
                for expert in [0, 3] {
                    let before = try weights(plain, Self.name(expert, matrix)).values
                    let after = try weights(changed, Self.name(expert, matrix)).values
                    let noise = zip(after, before).map { $0 - $1 }
                    let (share, mean) = (deviation(noise) / deviation(before), noise.reduce(0, +) / Float(noise.count))
                    #expect((0.085...0.115).contains(share) && abs(mean) < 0.02 * deviation(before), "\(share) \(mean)")
                    noises.append(noise)
                }
                #expect(noises[0] != noises[1])
            }
        }
    }

    /// A third of each expert's inner elements, in all three matrices, and others in each copy.
    @Test func drop() throws {
        try compare(.drop(1.0 / 3)) { plain, changed in
            var sets: [Set<Int>] = []
            for expert in [0, 3] {
                var replaced: [Set<Int>] = []
                for matrix in ["gate", "up", "down"] {
                    let before = try weights(plain, Self.name(expert, matrix))
                    let after = try weights(changed, Self.name(expert, matrix))
                    let columns = before.shape[1]
                    let places = before.values.indices.filter { before.values[$0] != after.values[$0] }
                    let inner = Set(places.map { matrix == "down" ? $0 % columns : $0 / columns })
                    // Whole rows of gate and up, and whole columns of down, but for numbers that came out as they were.
                    let others = matrix == "down" ? before.shape[0] : columns
                    #expect(places.count > 9 * inner.count * others / 10)
                    let new = places.map { after.values[$0] }
                    let old = places.map { before.values[$0] }
                    #expect((0.6...1.4).contains(deviation(new) / deviation(old)))
                    replaced.append(inner)
                }
                #expect(replaced[0].count == 4 && replaced[1] == replaced[0] && replaced[2] == replaced[0])
                sets.append(replaced[0])
            }
            #expect(sets[0] != sets[1])
        }
    }

    private func deviation(_ values: [Float]) -> Float {
        let mean = values.reduce(0, +) / Float(values.count)
        return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(values.count)).squareRoot()
    }
}
