import Tensors
import Testing

@Suite struct TensorTypeTests {
    /// Bits per weight as ggml's documentation lists them.
    @Test(arguments: [
        (TensorType.f32, 32.0), (.bf16, 16), (.q8_0, 8.5), (.q4_K, 4.5), (.q6_K, 6.5625), (.q2_K, 2.625),
        (.iq2_XXS, 2.0625), (.iq1_S, 1.5625), (.iq1_M, 1.75), (.nvfp4, 4.5), (.q1_0, 1.125), (.q2_0, 2.25),
    ])
    func bitsPerElement(type: TensorType, bits: Double) {
        #expect(type.bitsPerElement == bits)
    }

    @Test func namesRoundTripInAnyCase() {
        for type in TensorType.allCases {
            #expect(TensorType(name: type.name) == type)
            #expect(TensorType(name: type.name.lowercased()) == type)
        }
        #expect(TensorType(name: "Q9_K") == nil)
    }

    @Test func shapesRefuseOverflowAndEmptyDimensions() {
        #expect(TensorShape([]) == nil)
        #expect(TensorShape([3, 0]) == nil)
        #expect(TensorShape([1 << 40, 1 << 40]) == nil)
        #expect(TensorShape([5, 7, 2])?.rowCount == 14)
    }

    @Test func rowsMustBeWholeBlocks() throws {
        let shape = try #require(TensorShape([224, 3]))
        #expect(TensorDescriptor(name: "w", shape: shape, type: .q4_K) == nil)
        #expect(TensorDescriptor(name: "w", shape: shape, type: .q4_0)?.byteCount == 224 / 32 * 18 * 3)
    }
}
