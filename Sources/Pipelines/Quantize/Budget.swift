import Evaluation
import GGUF
import ModelArchitecture
import Models
import Recipes

/// How large a quantized model may be, and the recipe that makes the most of it.
public struct Budget: Sendable, Hashable {
    /// What the size is counted in.
    public enum Limit: Sendable, Hashable {
        /// The bytes of the file, or of all parts together.
        case file(byteCount: Int)
        /// Encoded bits per element, over all tensors.
        case bitsPerWeight(Double)
        /// The memory of one device that holds the whole model and its context.
        case device(DeviceMemory)
        /// The memory of a device, and bytes of the processor's memory for the experts that it cannot hold.
        case divided(DeviceMemory, processorByteCount: Int)
    }

    /// The size that the model must not exceed.
    public var limit: Limit

    /// A budget of a size.
    ///
    /// - Parameter limit: The size that the model must not exceed.
    public init(_ limit: Limit) { self.limit = limit }

    /// What a budget comes to.
    public struct Outcome: Sendable {
        /// The plan with the recipe that was found.
        public let plan: Quantization.Plan
        /// The predicted KL divergence from the original, in nats per token.
        public let predicted: Double
        /// The best of llama.cpp's mixes that is no larger, and its predicted KL divergence.
        public let mix: (name: String, fileByteCount: Int, predicted: Double)?
    }

    /// Finds the recipe of least predicted KL divergence, and reads no file.
    ///
    /// - Parameters:
    ///   - quantization: What else is asked for; its recipe is replaced.
    ///   - inputs: The model, and what is known of its inputs.
    ///   - sensitivity: What types cost in the model's matrices.
    /// - Throws: `RecipeError` if even the smallest types are too large, and what
    ///   ``Quantization/plan(_:permitsMissingImportance:)`` throws.
    public func solve(
        _ quantization: Quantization, _ inputs: QuantizationInputs, sensitivity: Sensitivity
    ) throws -> Outcome {
        let model = inputs.model
        var limit = try tensorByteLimit(model)
        var quantization = quantization
        if device != nil, !model.plan.tiesOutputToEmbedding {
            // Not on the device: no reason to save there.
            quantization.options.embeddingType = quantization.options.embeddingType ?? .q8_0
        }
        while true {
            quantization.recipe = try Recipe(
                name, byteLimit: limit, sensitivity: sensitivity, tensors: model.tensors.tensors.map(\.plainlyStored),
                geometry: model.geometry, options: quantization.options)
            let plan = try quantization.plan(inputs)
            let excess = try excess(of: plan, model: model)
            guard excess > 0 else {
                return Outcome(
                    plan: plan,
                    predicted: sensitivity.divergence(of: plan.assignments) ?? 0,
                    mix: try nearestMix(quantization, inputs, sensitivity))
            }
            limit -= excess
        }
    }

    /// Bytes that tensors may take if the rest of a file took none; the true size is known when types are.
    private func tensorByteLimit(_ model: Model) throws -> Int {
        switch limit {
        case .file(let byteCount): byteCount
        case .bitsPerWeight(let bits): Int(bits * Double(model.elementCount) / 8)
        case .device(let device): try device.weightByteLimit(of: model.plan) + model.embeddingByteCount
        case .divided(let device, let processorByteCount):
            try device.weightByteLimit(of: model.plan) + model.embeddingByteCount + processorByteCount
        }
    }

    /// The bytes that a file may take, about; at most those of the model as it is stored.
    func fileByteLimit(_ model: Model) throws -> Int { min(try tensorByteLimit(model), try model.fileByteCount) }

    /// Bytes by which a plan is over the budget.
    private func excess(of plan: Quantization.Plan, model: Model) throws -> Int {
        switch limit {
        case .file(let byteCount): plan.fileByteCount - byteCount
        case .bitsPerWeight(let bits): plan.size.byteCount - Int(bits * Double(model.elementCount) / 8)
        case .device(let device):
            try DeviceMemory.deviceByteCount(of: plan.assignments, model.plan) - device.weightByteLimit(of: model.plan)
        case .divided(let device, let processorByteCount):
            ExpertDivision(of: plan.assignments, on: device, model.plan)
                .excess(on: device, processorLimit: processorByteCount)
        }
    }

    /// The device that the model is for, if it is for one.
    private var device: DeviceMemory? {
        switch limit {
        case .file, .bitsPerWeight: nil
        case .device(let device), .divided(let device, _): device
        }
    }

    private func nearestMix(
        _ quantization: Quantization, _ inputs: QuantizationInputs, _ sensitivity: Sensitivity
    ) throws -> (name: String, fileByteCount: Int, predicted: Double)? {
        var best: (name: String, fileByteCount: Int, predicted: Double)?
        for recipe in Recipe.named {
            var other = quantization
            other.recipe = recipe
            guard let plan = try? other.plan(inputs), try excess(of: plan, model: inputs.model) <= 0,
                let predicted = sensitivity.divergence(of: plan.assignments), predicted < best?.predicted ?? .infinity
            else { continue }
            best = (recipe.name, plan.fileByteCount, predicted)
        }
        return best
    }

    private var name: String {
        switch limit {
        case .file(let byteCount): "size-\(byteCount)"
        case .bitsPerWeight(let bits): "bpw-\(bits)"
        case .device(let device): "fit-\(device.byteCount)"
        case .divided(let device, let processorByteCount): "fit-\(device.byteCount)-ram-\(processorByteCount)"
        }
    }
}

extension Model {
    /// Weights, over all tensors.
    var elementCount: Int { tensors.tensors.reduce(0) { $0 + $1.shape.elementCount } }

    /// Bytes of the token embedding as it is stored.
    fileprivate var embeddingByteCount: Int {
        tensors.tensors.first { $0.name == TensorName(.tokenEmbedding).gguf }?.byteCount ?? 0
    }
}
