import ModelArchitecture
import Tensors

/// The weights that a plan names, found in a source and checked against it.
struct ModelWeights: Sendable {
    private let matrices: [TensorName: WeightMatrix]

    /// - Throws: ``RuntimeError`` if a weight is missing or unknown, has another shape, or a type that cannot be decoded.
    init(source: any TensorSource, plan: DecoderPlan, _ precision: Precision) throws {
        var indices: [String: Int] = [:]
        for (index, tensor) in source.tensors.enumerated() { indices[tensor.name] = index }
        var matrices: [TensorName: WeightMatrix] = [:]
        for planned in plan.tensors {
            guard let index = indices[planned.name.gguf] else {
                throw RuntimeError(.missingTensor, place: planned.name.gguf)
            }
            let shape = source.tensors[index].shape
            guard Self.significant(shape.dimensions) == Self.significant(planned.dimensions) else {
                let expected = planned.dimensions.map(String.init).joined(separator: " × ")
                throw RuntimeError(
                    .wrongShape(found: shape.description, expected: expected), place: planned.name.gguf)
            }
            matrices[planned.name] = try WeightMatrix(source: source, index: index, precision)
            indices[planned.name.gguf] = nil
        }
        if let unknown = indices.min(by: { $0.value < $1.value })?.key {
            throw RuntimeError(.unknownTensor, place: unknown)
        }
        self.matrices = matrices
    }

    /// The weight in a role that the plan has.
    subscript(role: TensorRole, layer: Int? = nil) -> WeightMatrix {
        matrices[TensorName(role, layer: layer)]!
    }

    /// Dimensions without trailing ones, which files may leave out.
    private static func significant(_ dimensions: [Int]) -> ArraySlice<Int> {
        dimensions[...(dimensions.lastIndex { $0 != 1 } ?? 0)]
    }
}
