/// Conversions of plain numbers as files have them, little-endian.
package enum NumberConversion {
    /// F64 to F32, to nearest, ties to even.
    ///
    /// - Parameter target: receives half as many bytes.
    package static func round(_ numbers: UnsafeRawBufferPointer, into target: UnsafeMutableRawPointer) {
        for element in 0..<numbers.count / 8 {
            let pattern = numbers.loadUnaligned(fromByteOffset: 8 &* element, as: UInt64.self)
            let value = Float(Double(bitPattern: UInt64(littleEndian: pattern)))
            target.storeBytes(of: value.bitPattern.littleEndian, toByteOffset: 4 &* element, as: UInt32.self)
        }
    }

    /// F16 or BF16 to F32.
    ///
    /// - Parameter target: receives twice as many bytes.
    package static func widen(
        _ numbers: UnsafeRawBufferPointer, of type: TensorType, into target: UnsafeMutableRawPointer
    ) {
        precondition(type == .f16 || type == .bf16)
        for element in 0..<numbers.count / 2 {
            let pattern = UInt16(
                littleEndian: numbers.loadUnaligned(fromByteOffset: 2 &* element, as: UInt16.self))
            let value =
                type == .bf16 ? BFloat16(bitPattern: pattern).floatValue : Float(Float16(bitPattern: pattern))
            target.storeBytes(of: value.bitPattern.littleEndian, toByteOffset: 4 &* element, as: UInt32.self)
        }
    }

    /// A row's FP8 (E4M3) times the factors of its blocks of columns, to BF16.
    ///
    /// - Parameters:
    ///   - codes: some columns of the row, one after the other.
    ///   - column: that of the first code.
    ///   - factors: of all blocks of the row.
    ///   - target: receives twice as many bytes.
    package static func scale(
        _ codes: UnsafeRawBufferPointer, column: Int, factors: [Float], blockColumnCount: Int,
        into target: UnsafeMutableRawPointer
    ) {
        Float8E4M3.values.withUnsafeBufferPointer { values in
            var position = 0
            while position < codes.count {
                let block = (column + position) / blockColumnCount
                let end = min(codes.count, (block + 1) * blockColumnCount - column)
                let factor = factors[block]
                for element in position..<end {
                    let value = BFloat16(values[Int(codes[element])] * factor)
                    target.storeBytes(of: value.bitPattern.littleEndian, toByteOffset: 2 &* element, as: UInt16.self)
                }
                position = end
            }
        }
    }
}

extension Float8E4M3 {
    /// The values of all bit patterns, in the order of the patterns.
    fileprivate static let values = (UInt8.min...UInt8.max).map { Float8E4M3(bitPattern: $0).floatValue }
}
