import BlockFormats
import Tensors

/// Blocks as those of Q8_0 with one scale for everything: no scale has to be found, and the reference needs none.
struct FixedGridCodec: QuantizingCodec {
    let step: Float
    var policy = EncodingPolicy()

    init(step: Float) { self.step = step }

    var type: TensorType { .q8_0 }
    var requiresImportance: Bool { false }
    var groupLength: Int { 1 }
    var partLength: Int { 32 }

    func decode(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutablePointer<Float>) {
        for index in 0..<count {
            target[index] = step * Float(source.load(fromByteOffset: place(index), as: Int8.self))
        }
    }

    func encode(
        _ row: UnsafePointer<Float>, count: Int, importance: UnsafePointer<Float>?,
        into target: UnsafeMutableRawPointer, scratch: EncodingScratch
    ) {
        for index in 0..<count { store(row[index], index, in: target) }
    }

    func encodeGroup(
        _ values: UnsafePointer<Float>, weights: UnsafePointer<Float>?, column: Int, count: Int,
        in block: UnsafeMutableRawPointer, decoded: UnsafeMutablePointer<Float>
    ) {
        for index in 0..<count {
            store(values[index], column + index, in: block)
            decoded[index] = step * Float(block.load(fromByteOffset: place(column + index), as: Int8.self))
        }
    }

    func multiplyScales(of block: UnsafeMutableRawPointer, by factor: Float) {}

    func moveScale(ofPart part: Int, by step: ScaleStep, in block: UnsafeMutableRawPointer) -> Bool { false }

    private func place(_ index: Int) -> Int { index / 32 * 34 + 2 + index % 32 }

    private func store(_ value: Float, _ index: Int, in block: UnsafeMutableRawPointer) {
        block.storeBytes(
            of: Int8(max(-127, min(127, (value / step).rounded()))), toByteOffset: place(index), as: Int8.self)
    }
}
