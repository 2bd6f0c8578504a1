import BlockFormats
import GGUFContainer

extension Model {
    /// Weights are taken from this many first rows and columns, which are there with and without padding.
    private static let cornerLength = 16

    /// What tells the model from others of its shape.
    ///
    /// - Returns: nil if weights cannot be decoded.
    /// - Throws: `FileError`.
    public func signature() throws -> ModelSignature? {
        let matrices = tensors.tensors.indices.filter { tensors.tensors[$0].shape.rank > 1 }.sorted {
            tensors.tensors[$0].name.utf8.lexicographicallyPrecedes(tensors.tensors[$1].name.utf8)
        }
        guard !matrices.isEmpty, matrices.allSatisfy({ BlockFormats.codec(for: tensors.tensors[$0].type) != nil })
        else { return nil }
        var samples: [Float] = []
        for index in matrices {
            let dimensions = tensors.tensors[index].shape.dimensions
            let (columns, rows) = (min(dimensions[0], Self.cornerLength), min(dimensions[1], Self.cornerLength))
            let stackCount = dimensions[2...].reduce(1, *)
            for sample in 0..<ModelSignature.samplesPerTensor {
                let row = sample % stackCount * dimensions[1] + 7 * sample % rows
                samples.append(try tensors.decodedRows(index, row..<row + 1)[11 * sample % columns])
            }
        }
        return ModelSignature(
            digest: metadata.string(Provenance.weightsKey), samples: samples,
            isQuantized: matrices.contains { tensors.tensors[$0].type.isQuantized })
    }

    /// What the user should know of a file that was made from another model; nil if it was made from this one, in whatever
    /// precision, or does not say.
    ///
    /// - Parameter what: what the file is.
    func warning(about file: String, _ what: String, of other: ModelSignature?) throws -> String? {
        guard let other, let own = try signature(), !own.isSame(as: other) else { return nil }
        return
            "\(file): the \(what) was collected from another model than \(path), of the same shape; what matters in one says "
            + "little about the other: collect it again with swage imatrix"
    }
}
