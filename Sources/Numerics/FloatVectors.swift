/// Sixteen floats, one per lane.
@usableFromInline package typealias Lanes = SIMD16<Float>

extension UnsafePointer<Float> {
    /// Sixteen values from an offset on.
    @inlinable @inline(__always)
    package func lanes(_ offset: Int) -> Lanes { UnsafeRawPointer(self + offset).loadUnaligned(as: Lanes.self) }

    /// Eight values from an offset on.
    @inlinable @inline(__always)
    package func eight(_ offset: Int) -> SIMD8<Float> {
        UnsafeRawPointer(self + offset).loadUnaligned(as: SIMD8<Float>.self)
    }

    /// The sum of products with another vector.
    @inlinable @inline(__always)
    package func dot(_ other: UnsafePointer<Float>, _ count: Int) -> Float {
        var lanes = Lanes()
        var index = 0
        while index &+ 16 <= count {
            lanes = lanes.addingProduct(self.lanes(index), other.lanes(index))
            index &+= 16
        }
        var sum = index > 0 ? lanes.sum() : 0
        if index &+ 8 <= count {
            sum += (eight(index) * other.eight(index)).sum()
            index &+= 8
        }
        while index < count {
            sum += self[index] * other[index]
            index &+= 1
        }
        return sum
    }
}

extension UnsafeMutablePointer<Float> {
    /// Sixteen values from an offset on.
    @inlinable @inline(__always)
    package func lanes(_ offset: Int) -> Lanes { UnsafeRawPointer(self + offset).loadUnaligned(as: Lanes.self) }

    /// Eight values from an offset on.
    @inlinable @inline(__always)
    package func eight(_ offset: Int) -> SIMD8<Float> { UnsafePointer(self).eight(offset) }

    /// Stores sixteen values from an offset on.
    @inlinable @inline(__always)
    package func store(_ lanes: Lanes, _ offset: Int) {
        UnsafeMutableRawPointer(self + offset).storeBytes(of: lanes, as: Lanes.self)
    }

    /// Adds `row · matrix`: `count` columns, of which any number may be asked for, of `rowCount` matrix rows.
    @inlinable @inline(__always)
    package func addProduct(
        _ row: UnsafePointer<Float>, _ rowCount: Int, _ matrix: UnsafePointer<Float>, stride: Int, count: Int
    ) {
        var column = 0
        while column &+ 64 <= count {
            var sums = (lanes(column), lanes(column &+ 16), lanes(column &+ 32), lanes(column &+ 48))
            for index in 0..<rowCount {
                let factor = Lanes(repeating: row[index])
                let line = matrix + (index &* stride &+ column)
                sums.0 = sums.0.addingProduct(line.lanes(0), factor)
                sums.1 = sums.1.addingProduct(line.lanes(16), factor)
                sums.2 = sums.2.addingProduct(line.lanes(32), factor)
                sums.3 = sums.3.addingProduct(line.lanes(48), factor)
            }
            store(sums.0, column)
            store(sums.1, column &+ 16)
            store(sums.2, column &+ 32)
            store(sums.3, column &+ 48)
            column &+= 64
        }
        // Fewer columns need sums of even and odd rows to keep the processor busy.
        let pairCount = rowCount & ~1
        if column &+ 32 <= count {
            var sums = (lanes(column), lanes(column &+ 16), Lanes(), Lanes())
            var index = 0
            while index < pairCount {
                let line = matrix + (index &* stride &+ column)
                let factors = (Lanes(repeating: row[index]), Lanes(repeating: row[index &+ 1]))
                sums.0 = sums.0.addingProduct(line.lanes(0), factors.0)
                sums.1 = sums.1.addingProduct(line.lanes(16), factors.0)
                sums.2 = sums.2.addingProduct(line.lanes(stride), factors.1)
                sums.3 = sums.3.addingProduct(line.lanes(stride &+ 16), factors.1)
                index &+= 2
            }
            if index < rowCount {
                let line = matrix + (index &* stride &+ column)
                sums.0 = sums.0.addingProduct(line.lanes(0), Lanes(repeating: row[index]))
                sums.1 = sums.1.addingProduct(line.lanes(16), Lanes(repeating: row[index]))
            }
            store(sums.0 + sums.2, column)
            store(sums.1 + sums.3, column &+ 16)
            column &+= 32
        }
        if column &+ 16 <= count {
            var sums = (lanes(column), Lanes())
            var index = 0
            while index < pairCount {
                let line = matrix + (index &* stride &+ column)
                sums.0 = sums.0.addingProduct(line.lanes(0), Lanes(repeating: row[index]))
                sums.1 = sums.1.addingProduct(line.lanes(stride), Lanes(repeating: row[index &+ 1]))
                index &+= 2
            }
            if index < rowCount {
                let line = matrix + (index &* stride &+ column)
                sums.0 = sums.0.addingProduct(line.lanes(0), Lanes(repeating: row[index]))
            }
            store(sums.0 + sums.1, column)
            column &+= 16
        }
        if column &+ 8 <= count {
            var sums = (eight(column), SIMD8<Float>())
            var index = 0
            while index < pairCount {
                let line = matrix + (index &* stride &+ column)
                sums.0 = sums.0.addingProduct(line.eight(0), SIMD8(repeating: row[index]))
                sums.1 = sums.1.addingProduct(line.eight(stride), SIMD8(repeating: row[index &+ 1]))
                index &+= 2
            }
            if index < rowCount {
                let line = matrix + (index &* stride &+ column)
                sums.0 = sums.0.addingProduct(line.eight(0), SIMD8(repeating: row[index]))
            }
            UnsafeMutableRawPointer(self + column).storeBytes(of: sums.0 + sums.1, as: SIMD8<Float>.self)
            column &+= 8
        }
        while column < count {
            var sum = self[column]
            for index in 0..<rowCount { sum += row[index] * matrix[index &* stride &+ column] }
            self[column] = sum
            column &+= 1
        }
    }
}
