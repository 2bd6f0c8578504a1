import ModelArchitecture

/// Where a model goes that a device cannot hold as a whole: the experts of its first layers stay with the processor, as few of
/// them as can.
public struct ExpertDivision: Sendable, Hashable {
    /// The first layers, so many, have their experts in the processor's memory.
    public private(set) var layerCount = 0
    /// The bytes that the device must hold: weights, cache, working memory and reserve.
    public private(set) var deviceByteCount: Int
    /// The bytes of experts in the processor's memory.
    public private(set) var processorByteCount = 0

    /// Moves the experts of layers, from the first on, until the device holds the rest or all are moved.
    ///
    /// - Parameters:
    ///   - device: The device.
    ///   - weightByteCount: The bytes of the tensors that would be on the device if it held all.
    ///   - expertByteCounts: The bytes of each layer's routed experts, by layer.
    ///   - plan: The model's plan.
    public init(_ device: DeviceMemory, weightByteCount: Int, expertByteCounts: [Int], _ plan: DecoderPlan) {
        deviceByteCount = weightByteCount + device.otherByteCount(plan)
        for byteCount in expertByteCounts where deviceByteCount > device.byteCount {
            deviceByteCount -= byteCount
            processorByteCount += byteCount
            layerCount += 1
        }
    }

    /// The division of a model by what its tensors become.
    ///
    /// - Parameters:
    ///   - assignments: All tensors of the model, in their types.
    ///   - device: The device.
    ///   - plan: The model's plan.
    public init(of assignments: [TypeAssignment], on device: DeviceMemory, _ plan: DecoderPlan) {
        self.init(
            device, weightByteCount: DeviceMemory.deviceByteCount(of: assignments, plan),
            expertByteCounts: Self.expertByteCounts(of: assignments, plan), plan)
    }

    /// Bytes by which the device, and the processor's memory beside it, are too small; none if the model fits.
    ///
    /// - Parameters:
    ///   - device: The device.
    ///   - processorLimit: The bytes that the processor's memory has for experts.
    public func excess(on device: DeviceMemory, processorLimit: Int) -> Int {
        max(0, deviceByteCount - device.byteCount) + max(0, processorByteCount - processorLimit)
    }

    /// The bytes of each layer's routed experts, by layer; none in a dense model.
    ///
    /// - Parameters:
    ///   - assignments: All tensors of the model, in their types.
    ///   - plan: The model's plan.
    public static func expertByteCounts(of assignments: [TypeAssignment], _ plan: DecoderPlan) -> [Int] {
        var counts = [Int](repeating: 0, count: plan.experts == nil ? 0 : plan.layerCount)
        for assignment in assignments {
            guard let name = TensorName(gguf: assignment.tensor.name), roles.contains(name.role),
                let layer = name.layer,
                counts.indices ~= layer
            else { continue }
            counts[layer] += assignment.tensor.byteCount
        }
        return counts
    }

    private static let roles: Set<TensorRole> = [.expertsGate, .expertsUp, .expertsDown]
}
