import ModelArchitecture
import Models
import Parallelism
import Recipes
import Tensors

/// How large a model is as each file type, and what of it a device must hold, from the headers of its files alone.
public struct SizeSurvey: Sendable {
    /// A model as one file type.
    public struct Entry: Sendable {
        /// The mix: one of llama.cpp's, or a preset.
        public let recipe: Recipe
        /// Whether the type is refused without an importance matrix or texts.
        public let needsImportance: Bool
        /// Whether the type is made for models that were trained in it, and ruins others.
        public var isForTrainedModels: Bool { Self.trainedTypes.contains(recipe.baseType) }
        /// The bytes of the file as `quantize` writes it from the recipe alone; guidance adds what its metadata say of it.
        public let fileByteCount: Int
        /// The bits of all tensors, per weight.
        public let bitsPerWeight: Double
        /// The bytes of the tensors that llama.cpp keeps on a device.
        public let deviceByteCount: Int
        /// The bytes of each layer's routed experts, by layer; none in a dense model.
        public let expertByteCounts: [Int]

        private static let trainedTypes: Set<TensorType> = [.tq1_0, .tq2_0, .q1_0, .q2_0]
    }

    /// The types, from the largest file to the smallest.
    public let entries: [Entry]
    /// The weights, over all tensors.
    public let elementCount: Int

    /// Sizes a model; its weights are not read.
    ///
    /// - Parameter model: The model, in whatever type it is stored.
    /// - Throws: `RecipeError` if a size overflows, `GGUFError` if the contents break a rule of the format.
    public init(_ model: Model) throws {
        elementCount = model.elementCount
        let inputs = try QuantizationInputs(model)
        entries = try (Recipe.named + Recipe.presets).map { try Self.entry($0, inputs) }
            .sorted { ($0.fileByteCount, $0.recipe.name) > ($1.fileByteCount, $1.recipe.name) }
    }

    private static func entry(_ recipe: Recipe, _ inputs: QuantizationInputs) throws -> Entry {
        let quantization = Quantization(recipe: recipe, parallel: Parallel(threadCount: 1))
        let (model, plan) = (inputs.model, inputs.model.plan)
        var assignments = try quantization.assignments(for: model, hasImportance: false)
        let needsImportance = assignments.contains(where: \.needsImportance)
        if needsImportance { assignments = try quantization.assignments(for: model, hasImportance: true) }
        return Entry(
            recipe: recipe, needsImportance: needsImportance,
            fileByteCount: try quantization.file(inputs, assignments).layout.byteCount,
            bitsPerWeight: try SizeEstimate(assignments).bitsPerWeight,
            deviceByteCount: DeviceMemory.deviceByteCount(of: assignments, plan),
            expertByteCounts: ExpertDivision.expertByteCounts(of: assignments, plan))
    }
}

extension SizeSurvey.Entry {
    /// The division with the fewest experts beside the device; nil if even all of them leave too much on it, or if the
    /// processor's memory cannot hold them.
    ///
    /// - Parameters:
    ///   - device: The device.
    ///   - processorByteCount: The memory for experts beside the device in bytes, 0 for none.
    ///   - plan: The model's plan.
    public func division(on device: DeviceMemory, processorByteCount: Int, _ plan: DecoderPlan) -> ExpertDivision? {
        let division = ExpertDivision(
            device, weightByteCount: deviceByteCount, expertByteCounts: expertByteCounts, plan)
        return division.excess(on: device, processorLimit: processorByteCount) == 0 ? division : nil
    }
}
