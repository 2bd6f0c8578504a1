import Tensors

extension ImportanceMatrix {
    /// The number of rows that the mean of a layer's experts counts for beside those that an expert has seen itself.
    ///
    /// Measured on the bundled models: with it the logarithms of importances gathered from 384 tokens come nearest to
    /// those from 290 000, for experts of both 30 and 300 rows (`Docs/Decisions/0006`).
    public static let priorRowCount: Float = 32

    /// The importances of the columns for every expert of a weight.
    ///
    /// What few rows say about an expert is uncertain: it is drawn toward the layer's mean profile as if that had been
    /// seen in ``priorRowCount`` rows. An expert that saw nothing gets the profile itself.
    ///
    /// - Returns: One list of `rowLength` weights for each expert; nil if nothing was gathered for the weight, or by no
    ///   expert.
    /// - Throws: ``ImportanceError`` if what was gathered is of another shape than the tensor.
    public func stackWeights(for tensor: TensorDescriptor) throws -> [[Float]]? {
        guard let entry = entries[tensor.name], let first = try weights(for: tensor) ?? anyWeights(of: entry) else {
            return nil
        }
        let expertCount = tensor.shape.rank > 2 ? tensor.shape.dimensions[2...].reduce(1, *) : 1
        guard expertCount > 1 else { return [first] }
        guard entry.expertCount == expertCount else {
            // From a file of the older form, which does not say how many rows an expert has seen.
            return try (0..<expertCount).map { try weights(for: tensor, expert: $0) ?? first }
        }
        let profile = entry.meanProfile
        return (0..<expertCount).map { expert in
            guard let weights = entry.weights(expert: expert) else { return profile }
            let count = entry.counts[expert]
            let (own, prior) = (count / (count + Self.priorRowCount), Self.priorRowCount / (count + Self.priorRowCount))
            let size = weights.reduce(0, +) * prior
            return zip(weights, profile).map { $0 * own + $1 * size }
        }
    }

    private func anyWeights(of entry: Entry) -> [Float]? {
        (0..<entry.expertCount).lazy.compactMap { entry.weights(expert: $0) }.first
    }
}

extension ImportanceMatrix.Entry {
    /// The mean of the experts' importances, each made to sum to one, weighted by the rows that they have seen.
    var meanProfile: [Float] {
        var profile = [Float](repeating: 0, count: rowLength)
        var rows: Float = 0
        for expert in 0..<expertCount {
            guard let weights = weights(expert: expert) else { continue }
            let size = weights.reduce(0, +)
            guard size > 0 else { continue }
            let factor = counts[expert] / size
            for column in profile.indices { profile[column] += weights[column] * factor }
            rows += counts[expert]
        }
        guard rows > 0 else { return profile }
        return profile.map { $0 / rows }
    }
}
