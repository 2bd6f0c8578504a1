import Parts
import Recipes
import Tensors
import Testing
import WeightEncoding

/// The predicted costs of parts of a quantization, on the real geometry of XVERSE-MoE-A4.2B.
@Suite struct PartBalanceTests {
    @Test(arguments: ["Q4_K_M", "Q8_0", "IQ2_XS", "IQ1_S", "SW2"], [2, 4, 5, 8, 16])
    func noPartIsMuchLarger(type: String, count: Int) throws {
        let model = ModelDimensions.xverse(padded: true)
        var options = RecipeOptions()
        options.hasImportance = true
        let costs = try Recipe(named: type).assignments(
            for: model.tensors, geometry: model.geometry, options: options
        ).map { EncodingCost.of($0.tensor, from: .bf16, isFitted: false) }
        let sums = PartBalance.cut(costs, into: count).map { costs[$0].reduce(0, +) }
        #expect(sums.max()! <= 1.15 * sums.reduce(0, +) / Double(count), "\(sums)")
    }
}
