import ModelArchitecture
import Numerics
import Recipes
import Tensors
import Testing

/// The recipe of least predicted loss for a size.
@Suite struct BudgetTests {
    private static let types: [TensorType] = [.iq2_XXS, .q3_K, .q4_K, .q6_K]
    private static let geometry = ModelGeometry(layerCount: 3, headCount: 4, keyValueHeadCount: 4, expertCount: 8)

    private static func tensors(rowCounts: [Int]) throws -> [TensorDescriptor] {
        try rowCounts.enumerated().map { layer, count in
            let shape = try #require(TensorShape([256, count]))
            return try #require(
                TensorDescriptor(name: "blk.\(layer).attn_q.weight", shape: shape, type: .bf16))
        }
    }

    private static func sensitivity(_ tensors: [TensorDescriptor], seed: UInt64) -> Sensitivity {
        var random = SeededRandom(seed: seed)
        return Sensitivity(
            matrices: tensors.map { tensor in
                // Errors fall with bits, by factors that differ from tensor to tensor.
                var error = 0.1
                let errors = types.map { type in
                    error *= Double.random(in: 0.1...0.8, using: &random)
                    return (type, error)
                }
                return .init(
                    name: tensor.name, divergencePerError: .random(in: 0.01...1, using: &random),
                    errors: Dictionary(uniqueKeysWithValues: errors))
            }, reroutingDivergence: 0)
    }

    @Test("is the best of all recipes that are no larger", arguments: 0..<8)
    func leastLoss(seed: UInt64) throws {
        let tensors = try Self.tensors(rowCounts: [16, 40, 64, 8])
        let sensitivity = Self.sensitivity(tensors, seed: seed)
        for byteLimit in [9_000, 12_000, 15_000, 20_000, 26_000] {
            let recipe = try Recipe(
                "budget", byteLimit: byteLimit, sensitivity: sensitivity, tensors: tensors, geometry: Self.geometry,
                options: RecipeOptions())
            let assignments = try recipe.assignments(for: tensors, geometry: Self.geometry)
            #expect(assignments.reduce(0) { $0 + $1.tensor.byteCount } <= byteLimit)
            let found = try #require(sensitivity.divergence(of: assignments))

            var least = Double.infinity
            for number in 0..<625 {
                var (rest, byteCount, loss) = (number, 0, 0.0)
                for tensor in tensors {
                    let type = ([.bf16] + Self.types)[rest % 5]
                    rest /= 5
                    let stored = try #require(TensorDescriptor(name: tensor.name, shape: tensor.shape, type: type))
                    byteCount += (stored.byteCount + 31) / 32 * 32
                    loss += type == .bf16 ? 0 : try #require(sensitivity.cost(of: tensor.name, as: type))
                }
                if byteCount <= byteLimit { least = min(least, loss) }
            }
            #expect(abs(found - least) <= 1e-9 * least)
        }
    }

    @Test func keepsWhatIsAskedFor() throws {
        let tensors = try Self.tensors(rowCounts: [16, 40, 64, 8])
        var options = RecipeOptions()
        options.overrides = [try TypeOverride(argument: "blk.2=Q8_0")]
        let recipe = try Recipe(
            "budget", byteLimit: 30_000, sensitivity: Self.sensitivity(tensors, seed: 1), tensors: tensors,
            geometry: Self.geometry, options: options)
        let assignments = try recipe.assignments(for: tensors, geometry: Self.geometry, options: options)
        #expect(assignments[2].type == .q8_0)
        #expect(assignments.reduce(0) { $0 + $1.tensor.byteCount } <= 30_000)
    }

    @Test func refusesWhatCannotBe() throws {
        let tensors = try Self.tensors(rowCounts: [16, 40])
        let error = #expect(throws: RecipeError.self) {
            try Recipe(
                "budget", byteLimit: 3_000, sensitivity: Self.sensitivity(tensors, seed: 1), tensors: tensors,
                geometry: Self.geometry, options: RecipeOptions())
        }
        // 56 blocks of 66 bytes, and padding.
        #expect(error?.kind == .budgetTooSmall(byteLimit: 3_000, leastByteCount: 1056 + 2656))
    }

    /// The sum of the parts, and what any error costs.
    @Test(arguments: [(0.01, 0.012), (0.1, 0.102), (0, 0)])
    func predictsByWhatWasMeasured(error: Double, expected: Double) throws {
        let tensors = try Self.tensors(rowCounts: [16, 40])
        let sensitivity = Sensitivity(
            matrices: [.init(name: tensors[0].name, divergencePerError: 0.5, errors: [.q4_K: 2 * error])],
            reroutingDivergence: 0.002)
        #expect(sensitivity.cost(of: tensors[0].name, as: .q4_K) == error)
        #expect(sensitivity.cost(of: tensors[0].name, as: .q5_K) == nil)
        #expect(sensitivity.cost(of: tensors[1].name, as: .q4_K) == nil)
        let recipe = Recipe("x", base: .q4_K)
        let assignments = try recipe.assignments(for: tensors, geometry: Self.geometry)
        let divergence = try #require(sensitivity.divergence(of: assignments.filter { $0.index == 0 }))
        #expect(abs(divergence - expected) < 1e-9)
    }
}

/// What llama.cpp needs beside the weights; the figures are those that it prints.
@Suite struct DeviceMemoryTests {
    /// One layer of XVERSE-MoE-A4.2B's geometry.
    private static let plan = DecoderPlan(
        architecture: .bailingMoE, layerCount: 1, embeddingLength: 2560, contextLength: 32768, vocabularySize: 100_352,
        attention: .init(headCount: 32, keyValueHeadCount: 32, headLength: 80),
        rope: .init(frequencyBase: 10_000, dimensionCount: 80),
        feedForward: .experts(
            .init(count: 64, usedCount: 6, length: 1792, sharedCount: 2, normalizesWeights: true, weightScale: 1)),
        normEpsilon: 1e-6, tiesOutputToEmbedding: false)

    @Test(arguments: [(2048, 20.0, 246.61), (8192, 80, 563.01), (16384, 160, 1091.01)])
    func isNoLessThanLlamaNeeds(context: Int, cacheMiB: Double, workMiB: Double) throws {
        let device = DeviceMemory(byteCount: 24 << 30, context: context)
        #expect(Double(device.cacheByteCount(Self.plan)) == cacheMiB * 1_048_576)
        let work = Double(device.workByteCount(Self.plan)) / 1_048_576
        #expect(work >= workMiB && work <= 1.4 * workMiB)
        let limit = try device.weightByteLimit(of: Self.plan)
        #expect(limit < (23 << 30) && limit > (21 << 30))
    }

    @Test func refusesACacheWithoutKernels() {
        let device = DeviceMemory(byteCount: 24 << 30, context: 4096, cacheType: .q8_0)
        #expect(throws: RecipeError(.cacheTypeNotForHeads("q8_0", headLength: 80))) {
            try device.weightByteLimit(of: Self.plan)
        }
    }

    @Test func refusesADeviceThatIsTooSmall() throws {
        let device = DeviceMemory(byteCount: 1 << 30, context: 16384)
        let error = #expect(throws: RecipeError.self) { try device.weightByteLimit(of: Self.plan) }
        guard case .deviceTooSmall(let byteCount, let needed, let context) = error?.kind else {
            Issue.record("another error: \(String(describing: error))")
            return
        }
        #expect(byteCount == 1 << 30 && context == 16384 && needed > byteCount)
    }
}
