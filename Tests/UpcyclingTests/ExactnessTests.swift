import Files
import Foundation
import Models
import Runtime
import SafetensorsIO
import Synchronization
import TestSupport
import Testing
import Upcycling

/// What an upcycled model computes is what the dense one computes.
@Suite struct ExactnessTests {
    static let shapes = [
        Shape(4, 2), Shape(1, 1), Shape(8, 4, granularity: 2), Shape(8, 4, granularity: 4), Shape(8, 8, granularity: 4),
        Shape(6, 2, granularity: 2, shared: 1), Shape(8, 6, granularity: 4, shared: 2),
        Shape(6, 3, granularity: 4, shared: 1), Shape(5, 1, granularity: 4, shared: 3),
    ]

    @Test(arguments: DenseModel.all, shapes)
    func logitsAreTheDenseModels(dense: DenseModel, shape: Shape) throws {
        try dense.withCheckpoint(type: .f32) { checkpoint, output in
            let ids = try dense.ids
            let own = try logits(checkpoint, ids)
            for form in shape.shared > 0 ? [UpcyclingForm.xverseMoE] : UpcyclingForm.allCases {
                for seed in 1...3 as ClosedRange<UInt64> {
                    let path = "\(output)-\(form.rawValue)-\(seed)"
                    let plan = try upcycle(checkpoint, to: path, shape.options(seed: seed, form: form))
                    #expect(plan.upcycling.exactness == .exact)
                    let found = try logits(path, ids)
                    #expect(difference(found, own) < 1e-5, "\(form) \(seed): \(difference(found, own))")
                    // PyTorch's, as far as the dense model is from them.
                    #expect(difference(found, try dense.expectedLogits()) < 2e-3)
                }
            }
        }
    }

    /// Experts of a group in another order, with the shared block as it is, compute the same.
    @Test(arguments: [Shape(8, 4, granularity: 4), Shape(8, 6, granularity: 4, shared: 2)])
    func permutedExpertsOfAGroupComputeTheSame(shape: Shape) throws {
        try DenseModel.xverse.withCheckpoint(type: .f32) { checkpoint, output in
            try upcycle(checkpoint, to: output, shape.options())
            let ids = try DenseModel.xverse.ids
            let before = try logits(output, ids)
            let size = shape.granularity - shape.shared
            let path = "\(output)/model.safetensors"
            let file = try SafetensorsFile(path: path)
            let tensors = try file.tensors.map { ($0, try #require(file.tensor(named: $0.name)).bytes()) }
            var writer = try SafetensorsWriter(
                path: path,
                tensors: tensors.map { tensor, _ in
                    var parts = tensor.name.split(separator: ".").map(String.init)
                    if let place = parts.firstIndex(of: "experts"), let expert = Int(parts[place + 1]) {
                        parts[place + 1] = "\(expert / size * size + (expert + 1) % size)"
                    }
                    return SafetensorsEntry(name: parts.joined(separator: "."), type: tensor.type, shape: tensor.shape)!
                })
            for (_, bytes) in tensors {
                try bytes.withUnsafeBytes { try writer.append($0) }
                try writer.endTensor()
            }
            try writer.finish()
            #expect(difference(try logits(output, ids), before) < 1e-5)
        }
    }

    /// Over a text, all experts of a group get the same tokens.
    @Test(arguments: [
        Shape(8, 4, granularity: 4), Shape(64, 8, granularity: 4), Shape(30, 6, granularity: 3),
        Shape(64, 6, granularity: 4, shared: 2), Shape(6, 4, granularity: 2),
    ])
    func tokensTakeWholeGroups(shape: Shape) throws {
        try DenseModel.xverse.withCheckpoint(type: .f32) { checkpoint, output in
            try upcycle(checkpoint, to: output, shape.options())
            let text = try ReadableFile.contents(of: Fixtures.path("text/eval/fiction-en.txt"))
            let tokens = try Model.open(output).tokenizer.encode(
                text.prefix(400), parseSpecial: false)
            let seen = ExpertTokens()
            _ = try logits(output, Array(tokens.prefix(128)), observer: seen)
            let size = shape.granularity - shape.shared
            #expect(!seen.isEmpty)
            for layer in 0..<2 {
                for group in 0..<shape.experts / size {
                    let sets = (0..<size).map { seen.rows(layer, expert: group * size + $0) }
                    #expect(sets.allSatisfy { $0 == sets[0] }, "layer \(layer), group \(group)")
                }
                let all = (0..<shape.experts).reduce(0) { $0 + seen.rows(layer, expert: $1).count }
                #expect(all == 128 * shape.used)
            }
        }
    }
}

/// The rows that each expert gets.
private final class ExpertTokens: ActivationObserver {
    /// By layer and expert, each piece with its number.
    private let pieces = Mutex<[[Int]: [(number: Int, rows: [[Float]])]]>([:])

    var isEmpty: Bool { pieces.withLock { $0.isEmpty } }

    func rows(_ layer: Int, expert: Int) -> [[Float]] {
        pieces.withLock { $0[[layer, expert]] ?? [] }.sorted { $0.number < $1.number }.flatMap(\.rows)
    }

    func observe(_ rows: ActivationRows, of site: ActivationSite, piece: Int) {
        guard site.input == .experts else { return }
        let values = (0..<rows.count).map { row in (0..<rows.columns).map { rows.inputs[row * rows.columns + $0] } }
        pieces.withLock { $0[[site.layer, site.expert], default: []].append((piece, values)) }
    }

    func endStage() {}
}
