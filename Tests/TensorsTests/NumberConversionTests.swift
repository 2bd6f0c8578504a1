import Tensors
import Testing

@Suite struct NumberConversionTests {
    /// Halfway between two floats, on either side of it, too large, too small, and no number.
    @Test func float64IsRoundedToNearestTiesToEven() {
        let numbers: [Double] = [0x1.000001p0, 0x1.000003p0, 0x1.0000010000001p0, 1e300, -1e300, 0x1p-150, -0.0, .nan]
        let expected: [Float] = [1, 0x1.000004p0, 0x1.000002p0, .infinity, -.infinity, 0, 0]
        let rounded: [Float] = converted(numbers) { NumberConversion.round($0, into: $1) }
        #expect(Array(rounded.dropLast()) == expected)
        #expect(rounded[6].sign == .minus && rounded[7].isNaN)
    }

    @Test func halfPrecisionIsWidenedExactly() {
        let patterns: [UInt16] = [0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0x8000]
        let halves: [Float] = converted(patterns) { NumberConversion.widen($0, of: .f16, into: $1) }
        let valuesOfHalves: [Float] = [1, -2, 0x1p-24, 65504, .infinity, 0]
        #expect(halves == valuesOfHalves)
        let upper: [UInt16] = [0x3f80, 0xc000, 0x0001, 0x7f7f, 0xff80, 0x3fc0]
        let widened: [Float] = converted(upper) { NumberConversion.widen($0, of: .bf16, into: $1) }
        let valuesOfUpper: [Float] = [1, -2, 0x1p-133, 0x1.fep127, -.infinity, 1.5]
        #expect(widened == valuesOfUpper)
    }

    /// Four columns from the second on: blocks of three columns end after the third and the sixth.
    @Test func float8MeetsTheFactorOfItsBlock() {
        let codes: [UInt8] = [0x38, 0xb8, 0x7e, 0x01]
        let scaled = [UInt16](unsafeUninitializedCapacity: 4) { target, count in
            codes.withUnsafeBytes {
                NumberConversion.scale(
                    $0, column: 1, factors: [2, 0.5], blockColumnCount: 3,
                    into: UnsafeMutableRawPointer(target.baseAddress!))
            }
            count = 4
        }
        let expected: [Float] = [2, -2, 224, 0x1p-10]
        #expect(scaled.map { BFloat16(bitPattern: $0).floatValue } == expected)
    }

    @Test func greatestMagnitudeIsThatOfEitherSign() {
        #expect(greatestMagnitude([1, -3, 2], count: 3) == 3)
        #expect(greatestMagnitude([1], count: 0) == 0)
    }

    private func converted<Number>(
        _ numbers: [Number], _ convert: (UnsafeRawBufferPointer, UnsafeMutableRawPointer) -> Void
    ) -> [Float] {
        [Float](unsafeUninitializedCapacity: numbers.count) { target, count in
            numbers.withUnsafeBytes { convert($0, UnsafeMutableRawPointer(target.baseAddress!)) }
            count = numbers.count
        }
    }
}
