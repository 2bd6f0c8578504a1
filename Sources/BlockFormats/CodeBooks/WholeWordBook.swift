import CSIMD

// Code words of eight magnitudes, with signs of which one may have to be flipped because only an even number of minus signs can
// be stored. Under a scale t a group with code word g costs Σ w (|x| − t g)², and 4 t w |x| g more for the element whose sign
// is flipped. Up to a constant that is t² A − 2 t B, with A = Σ w g² and B = Σ w |x| g − 2 min w |x| g where a sign is
// flipped: A and B of all code words are computed once, and the exactly best word under any scale is then one multiplication
// per word.

/// A code book of a few hundred words of eight elements with three magnitudes each and an even number of minus signs.
struct WholeWordBook: Sendable {
    let packedGrid: [UInt16]
    let pairs: LevelPairs
    /// Per vector of sixteen code words the four pairs of levels of each word.
    private let pairIndices: [SIMD16<Int32>]

    /// - Parameters:
    ///   - packedGrid: The code words, two bits per element from the lowest up.
    ///   - levels: What 0, 1 and 2 stand for.
    init(packedGrid: [UInt16], levels: SIMD3<Float>) {
        self.packedGrid = packedGrid
        pairs = LevelPairs(levels)
        pairIndices = (0..<packedGrid.count / 4).map { entry in
            var indices = SIMD16<Int32>()
            for lane in 0..<16 {
                let levels = Int32(packedGrid[16 * (entry / 4) + lane] >> UInt16(4 * (entry % 4))) & 15
                indices[lane] = LevelPairs.index((levels & 3) + 3 * (levels >> 2))
            }
            return indices
        }
    }

    @inline(__always)
    func withTables<Result>(_ body: (WholeWordTables) -> Result) -> Result {
        pairIndices.withUnsafeBufferPointer { indices in
            packedGrid.withUnsafeBufferPointer { grid in
                body(
                    WholeWordTables(
                        pairs: pairs, vectorCount: packedGrid.count / 16, pairIndices: indices.baseAddress!,
                        packedGrid: grid.baseAddress!))
            }
        }
    }
}

/// The tables of a ``WholeWordBook`` as pointers, and the search for signs and for words under a fixed scale.
struct WholeWordTables {
    let pairs: LevelPairs
    let vectorCount: Int
    let pairIndices: UnsafePointer<SIMD16<Int32>>
    let packedGrid: UnsafePointer<UInt16>

    /// For a vector of code words the sum of what their pairs of levels have in four tables.
    @inline(__always)
    func spread(_ tables: (Lanes, Lanes, Lanes, Lanes), vector: Int) -> Lanes {
        let indices = pairIndices + 4 &* vector
        return (csimd_permute_nine(tables.0, indices[0]) + csimd_permute_nine(tables.1, indices[1]))
            + (csimd_permute_nine(tables.2, indices[2]) + csimd_permute_nine(tables.3, indices[3]))
    }

    /// For a vector of code words the least of what their pairs of levels have in four tables.
    @inline(__always)
    func least(_ tables: (Lanes, Lanes, Lanes, Lanes), vector: Int) -> Lanes {
        let indices = pairIndices + 4 &* vector
        return csimd_minimum(
            csimd_minimum(csimd_permute_nine(tables.0, indices[0]), csimd_permute_nine(tables.1, indices[1])),
            csimd_minimum(csimd_permute_nine(tables.2, indices[2]), csimd_permute_nine(tables.3, indices[3])))
    }

    /// The seven stored signs of a group, with that sign flipped, if one has to be, for which it costs least.
    @inline(__always)
    func signs(_ values: SIMD8<Float>, _ weights: SIMD8<Float>, word: Int) -> UInt32 {
        var bits = signBits(values)
        guard bits.nonzeroBitCount & 1 == 1 else { return bits & 127 }
        var cheapest: (element: UInt32, cost: Float) = (0, .infinity)
        let levels = packedGrid[word]
        for element in 0..<8 {
            let level = pairs.first[Int(levels >> UInt16(2 &* element)) & 3]
            let cost = weights[element] * values[element].magnitude * level
            if cost < cheapest.cost { cheapest = (UInt32(element), cost) }
        }
        bits ^= 1 << cheapest.element
        return bits & 127
    }

    /// The exactly best word and signs for a group in units of its scale.
    @inline(__always)
    func bestWord(_ target: GroupTarget) -> CodeWord {
        let magnitudes = GroupTarget(magnitudesOf: target)
        @inline(__always)
        func costs(_ start: Int) -> Lanes { pairs.costs(magnitudes, at: start) }
        let tables = (costs(0), costs(2), costs(4), costs(6))
        let index: Int
        if signBits(target.values).nonzeroBitCount & 1 == 0 {
            index = LeastIndex.index(vectorCount: vectorCount) { spread(tables, vector: $0) }
        } else {
            @inline(__always)
            func flips(_ start: Int) -> Lanes {
                pairs.least(
                    magnitudes.weights[start] * magnitudes.values[start],
                    magnitudes.weights[start &+ 1] * magnitudes.values[start &+ 1])
            }
            let flips = (flips(0), flips(2), flips(4), flips(6))
            index = LeastIndex.index(vectorCount: vectorCount) {
                csimd_multiply_add(least(flips, vector: $0), Lanes(repeating: 4), spread(tables, vector: $0))
            }
        }
        return CodeWord(index: index, signs: signs(target.values, target.weights, word: index))
    }
}
