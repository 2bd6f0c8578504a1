import BlockFormats
import ErrorFeedback
import ModelArchitecture
import Runtime
import TensorCore

/// One tensor on its way to its type.
struct TensorJob {
    let source: any TensorSource
    let index: Int
    let target: TensorDescriptor
    let name: TensorName
    let variant: Variant
    let importance: [[Float]]?
    let moments: Moments
    let parallel: Parallel

    private static let inputs: [ActivationSite.Input] = [
        .attention, .attentionOutput, .feedForward, .feedForwardDown, .experts, .expertsDown, .shared, .sharedDown,
    ]

    /// How inputs relate to the original's; empty without propagation.
    var pairs: [ActivationSite: PairedMoments] = [:]

    private func site(expert: Int) -> ActivationSite? {
        if name.role == .output { return variant.correctsOutput ? Subject.outputSite : nil }
        guard let layer = name.layer else { return nil }
        return Self.inputs.map { ActivationSite(layer: layer, input: $0, expert: expert) }
            .first { $0.roles.contains(name.role) }
    }

    private func moments(expert: Int, of count: Int) -> SecondMoments? {
        if !pairs.isEmpty, let site = site(expert: expert) {
            let others = (0..<count).compactMap { self.site(expert: $0).flatMap { pairs[$0]?.moments } }
            guard var mean = others.first else { return nil }
            guard count > 1 else { return mean }
            for other in others.dropFirst() { mean.add(other) }
            return pairs[site]?.moments.drawn(toward: mean, priorRowCount: variant.priorRowCount) ?? mean
        }
        if name.role == .output { return variant.feedsOutput ? moments.output : nil }
        if name.role == .tokenEmbedding { return variant.embeddingDamping > 0 ? moments.embedding : nil }
        guard let layer = name.layer else { return nil }
        for input in Self.inputs {
            let site = ActivationSite(layer: layer, input: input, expert: expert)
            guard site.roles.contains(name.role) else { continue }
            return moments.drawn(site, expertCount: count, priorRowCount: variant.priorRowCount)
        }
        return nil
    }

    func encode() throws -> [UInt8] {
        let stored = source.tensors[index]
        let shape = target.shape
        let (columns, rowCount) = (shape.rowLength, shape.rowCount)
        let stackCount = shape.rank > 2 ? shape.dimensions[2...].reduce(1, *) : 1
        let rowsPerMatrix = rowCount / stackCount
        var bytes = [UInt8](repeating: 0, count: stored.byteCount)
        try bytes.withUnsafeMutableBytes { try source.readRows(ofTensorAt: index, rows: 0..<rowCount, into: $0) }
        var values = [Float](repeating: 0, count: rowCount * columns)
        BlockFormats.codec(for: stored.type)!.decode(bytes, count: values.count, into: &values)
        var result = [UInt8](repeating: 0, count: target.byteCount)
        var codec = BlockFormats.codec(for: target.type)!
        if name.role == .tokenEmbedding, let policy = variant.embeddingPolicy {
            codec = BlockFormats.codec(for: target.type, policy: policy)!
        }
        let rowByteCount = target.rowByteCount
        try result.withUnsafeMutableBytes { result in
            try values.withUnsafeBufferPointer { values in
                for expert in 0..<stackCount {
                    let original = values.baseAddress! + expert * rowsPerMatrix * columns
                    var target = Array(UnsafeBufferPointer(start: original, count: rowsPerMatrix * columns))
                    if variant.correction > 0, let pair = site(expert: expert).flatMap({ pairs[$0] }) {
                        target = pair.corrected(target, damping: variant.correctionDamping, share: variant.correction)
                    }
                    try target.withUnsafeBufferPointer { target in
                        let weights = target.baseAddress!
                        let output = result.baseAddress! + expert * rowsPerMatrix * rowByteCount
                        if let codec = codec as? any QuantizingCodec, var policy = variant.policy(for: codec),
                            let found = moments(expert: expert, of: stackCount)
                        {
                            if name.role == .tokenEmbedding {
                                policy.damping = variant.embeddingDamping
                                policy.encoding = codec.policy
                                policy.outputGain = variant.embeddingGain
                            }
                            let metric = FeedbackMetric(
                                found, damping: policy.damping, groupLength: FeedbackEncoder.groupLength(codec, policy))
                            try FeedbackEncoder(codec: codec, metric: metric, policy: policy)
                                .encode(weights, rowCount: rowsPerMatrix, into: output, parallel: parallel)
                        } else {
                            let scratch = EncodingScratch()
                            let importance = importance?[expert]
                            for row in 0..<rowsPerMatrix {
                                codec.encode(
                                    weights + row * columns, count: columns, importance: importance,
                                    into: output + row * rowByteCount, scratch: scratch)
                            }
                        }
                    }
                }
            }
        }
        return result
    }
}
