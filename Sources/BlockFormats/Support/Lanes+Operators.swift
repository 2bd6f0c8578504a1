import CSIMD

// The compiler makes loops over lanes of the standard library's operators, and now and then cannot put all sixteen together again.
// These are one vector operation each, and round as those do.

extension SIMD16<Float> {
    @inline(__always)
    static func + (a: Self, b: Self) -> Self { csimd_add(a, b) }
    @inline(__always)
    static func - (a: Self, b: Self) -> Self { csimd_subtract(a, b) }
    @inline(__always)
    static func * (a: Self, b: Self) -> Self { csimd_multiply(a, b) }
    @inline(__always)
    static func / (a: Self, b: Self) -> Self { csimd_divide(a, b) }
    @inline(__always)
    static func += (a: inout Self, b: Self) { a = a + b }
    @inline(__always)
    static func *= (a: inout Self, b: Self) { a = a * b }

    @inline(__always)
    static func + (a: Self, b: Float) -> Self { a + Self(repeating: b) }
    @inline(__always)
    static func - (a: Self, b: Float) -> Self { a - Self(repeating: b) }
    @inline(__always)
    static func * (a: Self, b: Float) -> Self { a * Self(repeating: b) }
    @inline(__always)
    static func / (a: Self, b: Float) -> Self { a / Self(repeating: b) }
    @inline(__always)
    static func * (a: Float, b: Self) -> Self { Self(repeating: a) * b }
    @inline(__always)
    static func / (a: Float, b: Self) -> Self { Self(repeating: a) / b }

    @inline(__always)
    static prefix func - (a: Self) -> Self { csimd_negate(a) }
}
