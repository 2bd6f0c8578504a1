import BlockFormats
import ErrorFeedback
import Hessians
import Numerics
import Parallelism
import Tensors
import WeightEncoding

/// A tensor to encode, seen as matrices.
struct FittedStack: Sendable {
    let tensor: TensorDescriptor
    let index: Int
    private let blocks: [Range<Int>]

    init(_ tensor: TensorDescriptor, index: Int, _ blocks: ColumnBlocks) {
        self.tensor = tensor
        self.index = index
        self.blocks = blocks.ranges(of: tensor.shape.rowLength)
    }

    /// The rows of one matrix.
    var rows: Int { tensor.shape.matrixRowCount }

    private var widestBlock: Int { blocks.map(\.count).max()! }

    /// The memory of ``MatrixWork/encode(expert:sites:)`` of one matrix, without what experts see together.
    func workingSet(_ policy: CalibrationPolicy, _ parallel: Parallel) -> WorkingSet {
        let columns = widestBlock
        let moments = SecondMoments.workingSet("second moments", columns: columns)
        let isStack = tensor.shape.matrixCount > 1
        let drawn = isStack ? SecondMoments.workingSet("drawn moments", columns: columns) : .none
        let metric = FeedbackMetric.workingSet(columns: columns, groupLength: groupLength(policy))
        let encoding =
            WorkingSet("weights", floatCount: rows * columns)
            + FeedbackEncoder.workingSet(columns: columns, threadCount: parallel.threadCount)
        return WorkingSet("encoded matrix", byteCount: rows * tensor.rowByteCount)
            + .largest([
                moments + HessianFile.readingWorkingSet(columns: columns),
                moments + drawn + metric.kept + metric.making,
                metric.kept + encoding,
            ])
    }

    /// The memory of what a layer's experts see together.
    var priorWorkingSet: WorkingSet {
        let priors = tensor.shape.matrixCount > 1 ? blocks.map(\.count) : []
        return priors.reduce(.none) { $0 + SecondMoments.workingSet("moments of all experts", columns: $1) }
    }

    var codec: any QuantizingCodec {
        guard let codec = BlockFormats.codec(for: tensor.type) as? any QuantizingCodec else {
            preconditionFailure("only types with scales and codes are fitted")
        }
        return codec
    }

    func groupLength(_ policy: CalibrationPolicy) -> Int {
        FeedbackEncoder.groupLength(codec, policy.feedback(for: codec))
    }
}

/// What the threads that encode the matrices of some stacks have in common.
struct MatrixWork: Sendable {
    let source: any TensorSource
    let hessian: OpenedHessian
    /// What the experts see together, by block of columns.
    let priors: [SecondMoments?]
    /// All of them have the same inputs, and groups of the same length.
    let stacks: [FittedStack]
    let parallel: Parallel

    /// Encodes one matrix of each stack.
    func encode(expert: Int, sites: [HessianSite]) throws -> [[UInt8]] {
        let policy = hessian.fitting.policy
        var results = stacks.map { [UInt8](repeating: 0, count: $0.rows * $0.tensor.rowByteCount) }
        for (site, prior) in zip(sites, priors) {
            let metric = FeedbackMetric(
                try moments(site, prior), damping: policy.feedback.damping, groupLength: stacks[0].groupLength(policy))
            for (number, stack) in stacks.enumerated() {
                let codec = stack.codec
                let encoder = FeedbackEncoder(codec: codec, metric: metric, policy: policy.feedback(for: codec))
                var weights = [Float](repeating: 0, count: stack.rows * site.columns.count)
                try weights.withUnsafeMutableBufferPointer {
                    try source.matrices(stack.index).decode(
                        columns: site.columns, of: expert, into: $0.baseAddress!, parallel: parallel)
                }
                try results[number].withUnsafeMutableBytes { bytes in
                    try stack.tensor.write(site.columns, ofRows: stack.rows, at: bytes.baseAddress!) {
                        try encoder.encode(weights, rowCount: stack.rows, into: $0, parallel: parallel)
                    }
                }
            }
        }
        return results
    }

    private func moments(_ site: HessianSite, _ prior: SecondMoments?) throws -> SecondMoments {
        let moments = try hessian.file.moments(site).drawn(towardLayer: prior, hessian.fitting.policy)
        guard firstNonFinite(moments.values, count: moments.values.count) == nil else {
            throw HessianError(.incombinable, path: hessian.file.path, tensor: stacks[0].tensor.name)
        }
        return moments
    }
}
