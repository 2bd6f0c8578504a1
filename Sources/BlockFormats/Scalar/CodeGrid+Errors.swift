import CSIMD

extension CodeGrid {
    /// The weighted squared error that a scale leaves.
    @inline(__always)
    func error(_ values: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, count: Int, scale: Float) -> Float {
        let inverse = 1 / scale
        var errors = Lanes()
        for start in stride(from: 0, to: count, by: 16) {
            let lanes = values.lanes(start)
            let rest = csimd_multiply_subtract(nearest(lanes * inverse), Lanes(repeating: scale), lanes)
            errors = csimd_multiply_add(rest * weights.lanes(start), rest, errors)
        }
        return csimd_sum(errors)
    }

    /// The weighted squared error that each of sixteen scales leaves.
    @inline(__always)
    func errors(_ values: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, count: Int, scales: Lanes) -> Lanes {
        Self.errors(values, weights, count: count, scales: scales, nearest)
    }

    /// The same with the levels that a function takes.
    @inline(__always)
    static func errors(
        _ values: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, count: Int, scales: Lanes,
        _ nearest: (Lanes) -> Lanes
    ) -> Lanes {
        let inverses = 1 / scales
        var errors = Lanes()
        for index in 0..<count {
            let value = Lanes(repeating: values[index])
            let rest = csimd_multiply_subtract(nearest(value * inverses), scales, value)
            errors = csimd_multiply_add(rest * weights[index], rest, errors)
        }
        return errors
    }
}
