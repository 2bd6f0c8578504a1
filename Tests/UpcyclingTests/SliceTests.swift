import Foundation
import SafetensorsIO
import TestSupport
import Testing
import Upcycling

/// What the tensors of an upcycled checkpoint are made of, bit by bit.
@Suite struct SliceTests {
    static let shapes = [
        Shape(4, 2), Shape(8, 4, granularity: 2), Shape(8, 4, granularity: 4), Shape(6, 2, granularity: 2, shared: 1),
        Shape(8, 6, granularity: 4, shared: 2),
    ]

    @Test(arguments: DenseModel.all, shapes)
    func slicesAreBitIdentical(dense: DenseModel, shape: Shape) throws {
        try dense.withCheckpoint { checkpoint, output in
            for form in shape.shared > 0 ? [UpcyclingForm.xverseMoE] : UpcyclingForm.allCases {
                let path = "\(output)-\(form.rawValue)"
                try upcycle(checkpoint, to: path, shape.options(form: form), shardByteCount: 40_000)
                let before = try SafetensorsSet(directory: checkpoint)
                let after = try SafetensorsSet(directory: path)
                #expect(after.files.count > 1)
                try expectSlices(before, after, shape, form)
            }
        }
    }

    private func expectSlices(
        _ dense: SafetensorsSet, _ upcycled: SafetensorsSet, _ shape: Shape, _ form: UpcyclingForm
    ) throws {
        func bytes(_ set: SafetensorsSet, _ name: String) throws -> (bytes: [UInt8], shape: [Int]) {
            let entry = try #require(set.entry(named: name), "\(name)")
            #expect(entry.type == .bf16)
            var bytes = [UInt8](repeating: 0, count: entry.byteCount)
            try bytes.withUnsafeMutableBytes { try set.read(entry, byteRange: 0..<entry.byteCount, into: $0) }
            return (bytes, entry.shape)
        }
        let size = shape.granularity - shape.shared
        var names: Set<String> = []
        for tensor in dense.tensors where !tensor.name.contains(".mlp.") {
            // Attention, norms, embedding and output: as they were.
            let (own, other) = (try bytes(dense, tensor.name), try bytes(upcycled, tensor.name))
            #expect(own == other, "\(tensor.name)")
            names.insert(tensor.name)
        }
        for layer in 0..<2 {
            let block = "model.layers.\(layer)." + (form == .mixtral ? "block_sparse_moe." : "mlp.")
            let router = try bytes(upcycled, block + (form == .mixtral ? "gate.weight" : "router.weight"))
            names.insert(block + (form == .mixtral ? "gate.weight" : "router.weight"))
            let rowByteCount = router.bytes.count / shape.experts
            let rows = (0..<shape.experts).map {
                Array(router.bytes[$0 * rowByteCount..<($0 + 1) * rowByteCount])
            }
            #expect(Set(rows).count == shape.experts / size)
            for expert in 0..<shape.experts { #expect(rows[expert] == rows[expert / size * size]) }
            for (matrix, short) in [("gate", "w1"), ("up", "w3"), ("down", "w2")] {
                let whole = try bytes(dense, "model.layers.\(layer).mlp.\(matrix)_proj.weight")
                let width = (matrix == "down" ? whole.shape[1] : whole.shape[0]) / shape.granularity
                func slice(_ slices: Range<Int>) -> [UInt8] {
                    let inner = slices.lowerBound * width..<slices.upperBound * width
                    let columns = whole.shape[1]
                    if matrix != "down" {
                        return Array(whole.bytes[2 * inner.lowerBound * columns..<2 * inner.upperBound * columns])
                    }
                    return (0..<whole.shape[0]).flatMap { row in
                        whole.bytes[2 * (row * columns + inner.lowerBound)..<2 * (row * columns + inner.upperBound)]
                    }
                }
                for expert in 0..<shape.experts {
                    let name =
                        block + "experts.\(expert)." + (form == .mixtral ? "\(short).weight" : "\(matrix)_proj.weight")
                    let number = shape.shared + expert % size
                    let expected = slice(number..<number + 1)
                    let found = try bytes(upcycled, name).bytes
                    #expect(matrix == "down" ? found == multiplied(expected, by: size) : found == expected, "\(name)")
                    names.insert(name)
                }
                guard shape.shared > 0 else { continue }
                let name = "model.layers.\(layer).mlp.shared_experts.\(matrix)_proj.weight"
                #expect(try bytes(upcycled, name).bytes == slice(0..<shape.shared))
                names.insert(name)
            }
        }
        #expect(Set(upcycled.tensors.map(\.name)) == names)
    }

    /// Numbers of bfloat16 times a power of two: the exponent grows, nothing else changes.
    private func multiplied(_ bytes: [UInt8], by factor: Int) -> [UInt8] {
        stride(from: 0, to: bytes.count, by: 2).flatMap { place -> [UInt8] in
            let bits = UInt16(bytes[place]) | UInt16(bytes[place + 1]) << 8
            guard bits & 0x7fff != 0 else { return Array(bytes[place..<place + 2]) }
            let scaled = bits + UInt16(factor.trailingZeroBitCount) << 7
            return [UInt8(truncatingIfNeeded: scaled), UInt8(scaled >> 8)]
        }
    }

    /// A factor that is no power of two is rounded in short types, and in single precision is exact enough.
    @Test(arguments: [(SafetensorsType.bf16, UpcyclingPlan.Exactness.rounded), (.f16, .rounded), (.f32, .exact)])
    func saysWhatItRounds(type: SafetensorsType, exactness: UpcyclingPlan.Exactness) throws {
        try Conformance.row("upcycling/a-factor-that-is-no-power-of-two")
        try DenseModel.xverse.withCheckpoint(type: type) { checkpoint, output in
            let plan = try upcycle(checkpoint, to: output, Shape(6, 3, granularity: 3).options())
            #expect(plan.upcycling.exactness == exactness)
            let ids = try DenseModel.xverse.ids
            let found = difference(try logits(output, ids), try logits(checkpoint, ids))
            #expect(exactness == .exact ? found < 1e-5 : found < 0.1, "\(found)")
        }
    }
}
