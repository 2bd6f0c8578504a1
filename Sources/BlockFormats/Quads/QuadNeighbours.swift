import CSIMD

/// The words of a ``QuadBook`` near to each combination of levels, as pointers.
struct QuadNeighbours {
    private let words: UnsafePointer<UInt16>
    private let magnitudes: UnsafePointer<SIMD16<UInt8>>

    /// A and C of sixteen words for a quad, and C with the cheapest sign flipped.
    struct Lines {
        var slopes = Lanes()
        var constants = Lanes()
        var flipped = Lanes()
    }

    @inline(__always)
    init(words: UnsafePointer<UInt16>, magnitudes: UnsafePointer<SIMD16<UInt8>>) {
        self.words = words
        self.magnitudes = magnitudes
    }

    @inline(__always)
    func word(_ lane: Int, cell: Int) -> Int { Int(words[16 &* cell &+ lane]) }

    /// The lines of the words of a cell.
    ///
    /// - Parameters:
    ///   - weights: w of the four elements.
    ///   - products: w |x|.
    ///   - cell: A number of ``QuadBook/cells(_:)``.
    ///   - needsFlip: Whether the lines with a flipped sign are needed.
    @inline(__always)
    func lines(_ weights: SIMD4<Float>, _ products: SIMD4<Float>, cell: Int, needsFlip: Bool) -> Self.Lines {
        let magnitudes = magnitudes + 4 &* cell
        var lines = Lines()
        var flips = Lanes(repeating: .infinity)
        for element in 0..<4 {
            // Twice the magnitudes.
            let doubled = Lanes(codes: magnitudes[element])
            lines.slopes = csimd_multiply_add(doubled * (0.25 * weights[element]), doubled, lines.slopes)
            lines.constants = csimd_multiply_add(doubled, Lanes(repeating: -products[element]), lines.constants)
            if needsFlip { flips = csimd_minimum(doubled * products[element], flips) }
        }
        if needsFlip { lines.flipped = csimd_multiply_add(flips, Lanes(repeating: 2), lines.constants) }
        return lines
    }
}
