import BlockFormats
import Files
import GGUF

extension Model {
    /// Weights are taken from this many first rows and columns, which are there with and without padding.
    private static let cornerLength = 16

    /// The signature of the model, which tells it from others of its shape.
    ///
    /// - Returns: nil if weights cannot be decoded.
    /// - Throws: `FileError` if the weights cannot be read.
    public func signature() throws -> ModelSignature? {
        let matrices = tensors.tensors.indices.filter { tensors.tensors[$0].shape.rank > 1 }.sorted {
            tensors.tensors[$0].name.utf8.lexicographicallyPrecedes(tensors.tensors[$1].name.utf8)
        }
        let stacks = matrices.compactMap { MatrixStack(tensors, $0) }
        guard !stacks.isEmpty, stacks.count == matrices.count else { return nil }
        var samples: [Float] = []
        for stack in stacks {
            let (columns, rows) = (min(stack.columns, Self.cornerLength), min(stack.rows, Self.cornerLength))
            let wholeBlocks = 0..<max(columns, stack.tensor.type.blockLength)
            for sample in 0..<ModelSignature.samplesPerTensor {
                let row = 7 * sample % rows
                do {
                    let values = try stack.values(row..<row + 1, columns: wholeBlocks, of: sample % stack.count)
                    samples.append(values[11 * sample % columns])
                } catch is NonFiniteWeight {
                    // It is for those who compute with the weights to refuse them.
                    samples.append(.nan)
                }
            }
        }
        return ModelSignature(
            digest: metadata.string(Provenance.weightsKey), samples: samples,
            isQuantized: matrices.contains { tensors.tensors[$0].type.isQuantized })
    }

    /// A warning about a file that was made from another model; nil if it was made from this one, in whatever
    /// precision, or does not say.
    ///
    /// - Parameters:
    ///   - file: the path of the file.
    ///   - what: the kind of the file, in words.
    ///   - other: the signature in the file; nil if it has none.
    package func warning(about file: String, _ what: String, of other: ModelSignature?) throws -> Message? {
        guard let other, let own = try signature(), !own.isSame(as: other) else { return nil }
        return
            "\(file): the \(what) was collected from another model than \(path); what matters in one says "
            + "little about the other: collect it again with \(run: .collectImportance)"
    }
}
