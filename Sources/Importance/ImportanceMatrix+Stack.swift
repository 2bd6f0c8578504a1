import TensorCore

extension ImportanceMatrix {
    /// The importances of the columns for every expert of a weight.
    ///
    /// An expert that saw nothing gets the mean over those that did, which is nearer to the truth than equal columns.
    /// - Returns: nil if nothing was gathered for the weight, or by no expert.
    /// - Throws: ``ImportanceError`` if what was gathered is of another shape than the tensor.
    public func stackWeights(for tensor: TensorDescriptor) throws -> [[Float]]? {
        guard let entry = entries[tensor.name] else { return nil }
        _ = try weights(for: tensor)
        let experts = (0..<entry.expertCount).map { entry.weights(expert: $0) }
        let seen = experts.compactMap { $0 }
        guard !seen.isEmpty else { return nil }
        var mean = [Float](repeating: 0, count: entry.rowLength)
        for weights in seen {
            for column in mean.indices { mean[column] += weights[column] / Float(seen.count) }
        }
        return experts.map { $0 ?? mean }
    }
}
