import CSIMD
import Tensors

/// What the values of a block format are as whole numbers: value = scale · (lowest + number) + offset, where neighbouring
/// elements share a scale and, in some formats, an offset, and a number has 8 bits and no sign.
package struct IntegerForm: Sendable, Hashable {
    /// The number of elements that share a scale: 16 or 32.
    package let groupLength: Int
    /// The whole number that 0 stands for.
    package let lowest: Int
    /// The greatest number, at most 255.
    package let greatest: Int
    /// Whether groups have offsets.
    package let hasOffsets: Bool

    init(groupLength: Int, lowest: Int, highest: Int, hasOffsets: Bool = false) {
        self.groupLength = groupLength
        // Bytes with a sign are numbers from −128 on, whatever the format makes of them.
        let isWide = highest - lowest > 128
        self.lowest = isWide ? -128 : lowest
        greatest = isWide ? 255 : highest - lowest
        self.hasOffsets = hasOffsets
    }
}

/// Where the whole numbers of elements go.
package struct IntegerElements {
    /// A number for each element.
    package let numbers: UnsafeMutablePointer<UInt8>
    /// A scale for each group.
    package let scales: UnsafeMutablePointer<Float>
    /// An offset for each group; untouched where the format has none.
    package let offsets: UnsafeMutablePointer<Float>

    /// Room for elements.
    ///
    /// - Parameters:
    ///   - numbers: Receives a number for each element.
    ///   - scales: Receives a scale for each group of elements.
    ///   - offsets: Receives an offset for each group, where the format has them.
    package init(
        numbers: UnsafeMutablePointer<UInt8>, scales: UnsafeMutablePointer<Float>,
        offsets: UnsafeMutablePointer<Float>
    ) {
        self.numbers = numbers
        self.scales = scales
        self.offsets = offsets
    }
}

/// A format whose values are whole numbers of 8 bits times scales.
protocol IntegerCodec: BlockCodec {
    var integerForm: IntegerForm { get }

    /// Takes `count` elements, a multiple of the block length, apart into whole numbers, scales and offsets, without rounding.
    func takeApart(_ source: UnsafeRawPointer, count: Int, into target: IntegerElements)
}

/// Receives what blocks hold, sixteen elements at a time.
protocol ElementSink {
    /// Takes the elements from a place on, a multiple of 16: `levels · scale`.
    func store(_ levels: Lanes, scale: Float, at place: Int)
}

/// Multiplies and stores them.
struct ValueSink: ElementSink {
    let target: UnsafeMutablePointer<Float>

    @inline(__always)
    func store(_ levels: Lanes, scale: Float, at place: Int) { target.store(levels * scale, place) }
}

/// Stores levels, which are whole.
struct IntegerSink: ElementSink {
    let target: IntegerElements
    let lowest: Float
    let groupLength: Int

    init(_ target: IntegerElements, _ form: IntegerForm) {
        self.target = target
        lowest = Float(form.lowest)
        groupLength = form.groupLength
    }

    @inline(__always)
    func store(_ levels: Lanes, scale: Float, at place: Int) {
        UnsafeMutableRawPointer(target.numbers + place)
            .storeBytes(of: csimd_to_bytes(levels - lowest), as: SIMD16<UInt8>.self)
        target.scales[groupLength == 16 ? place >> 4 : place >> 5] = scale
    }
}

/// A format that decodes sixteen elements at a time, which have one scale.
protocol SinkCodec: IntegerCodec {
    /// Hands `count` elements, a multiple of the block length, to a sink.
    func deliver(_ source: UnsafeRawPointer, count: Int, to sink: some ElementSink)
}

extension SinkCodec {
    func decode(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutablePointer<Float>) {
        deliver(source, count: count, to: ValueSink(target: target))
    }

    func takeApart(_ source: UnsafeRawPointer, count: Int, into target: IntegerElements) {
        deliver(source, count: count, to: IntegerSink(target, integerForm))
    }
}
