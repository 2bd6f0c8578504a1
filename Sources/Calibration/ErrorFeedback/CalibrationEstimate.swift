import BlockFormats
import ErrorFeedback
import ModelArchitecture
import Numerics
import Parallelism
import Tensors

/// How long it will take to fit a model to texts, judged by a sample of each kind of work.
///
/// The samples are of random weights and inputs, since how long encoding takes depends little on their values. Processor time is
/// what is measured, as samples take too little of it for others on the machine to have their usual share.
package struct CalibrationEstimate {
    /// Seconds to encode a weight, by its type and the columns that are fitted together.
    private var encodingSeconds: [Kind: Double] = [:]
    /// Seconds to make the factors of moments, by their columns.
    private var factorSeconds: [Int: Double] = [:]
    /// Seconds for a multiplication and an addition of large products in bfloat16.
    private var productSeconds: Double
    private let policy: CalibrationPolicy
    private let parallel: Parallel

    private struct Kind: Hashable {
        let type: TensorType
        let columns: Int
    }

    private static let inputRowCount = 256
    private static let sampleRowCount = 256

    /// Seconds that fitting takes.
    ///
    /// - Parameters:
    ///   - targets: What the tensors of the model become.
    ///   - plan: The model.
    ///   - tokenCount: The tokens of all windows.
    package static func seconds(
        _ targets: [TensorDescriptor], _ plan: DecoderPlan, policy: CalibrationPolicy, tokenCount: Int,
        parallel: Parallel
    ) throws -> Double {
        var estimate = Self(policy: policy, parallel: parallel)
        return try targets.reduce(0) { try $0 + estimate.seconds($1, plan, tokenCount: tokenCount) }
    }

    /// Seconds that a model computes with its matrices, for one pass over the tokens.
    ///
    /// - Parameters:
    ///   - tensors: The tensors of the model.
    ///   - plan: The model.
    ///   - tokenCount: The tokens that pass through the model.
    package static func passSeconds(
        _ tensors: [TensorDescriptor], _ plan: DecoderPlan, tokenCount: Int, parallel: Parallel
    ) throws -> Double {
        let multiplicationCount = tensors.reduce(0.0) { sum, tensor in
            guard tensor.shape.rowCount > 1, TensorName(gguf: tensor.name)?.role != .tokenEmbedding else { return sum }
            let matrixCount = max(1, tensor.shape.matrixCount)
            // Of routed experts each token sees those that it is sent to.
            let usedCount = matrixCount > 1 ? min(matrixCount, plan.experts?.usedCount ?? 1) : 1
            return sum + Double(tensor.shape.elementCount / matrixCount * usedCount)
        }
        return Double(tokenCount) * multiplicationCount * exactProductSeconds(parallel)
    }

    /// Rows and columns of the products that others are judged by.
    private static let productLength = 256
    private static let productColumns = 2048

    private init(policy: CalibrationPolicy, parallel: Parallel) {
        self.policy = policy
        self.parallel = parallel
        productSeconds = Self.roundedProductSeconds(parallel)
    }

    /// Seconds for a multiplication and an addition in single precision, as a pass that measures makes them.
    private static func exactProductSeconds(_ parallel: Parallel) -> Double {
        let (length, columns) = (productLength, productColumns)
        let rows = FloatBuffer(repeating: 1, count: length * columns)
        let products = FloatBuffer(count: length * length)
        let room = FloatBuffer(count: RowProducts.roomCount(rowCount: length))
        let seconds = parallel.seconds {
            RowProducts.multiply(
                rows.base, rowCount: length, with: rows.base, outputs: length, columns: columns, into: products.base,
                stride: length, room: room.base)
        }
        return seconds / Double(length * length * columns)
    }

    /// Seconds for a multiplication and an addition in bfloat16, as calibration makes them.
    private static func roundedProductSeconds(_ parallel: Parallel) -> Double {
        let (length, columns) = (productLength, productColumns)
        let rows = FloatBuffer(repeating: 1, count: length * columns)
        let rounded = BFloat16Panels(vectorCount: length, length: columns)
        let products = FloatBuffer(repeating: 0, count: BFloat16Panels.tileLength * BFloat16Panels.tileLength)
        let seconds = parallel.seconds {
            rounded.fill(rows: 0..<length, from: rows.base, stride: columns, length: columns)
            rounded.addProducts(0..<length, with: rounded, 0..<length, elements: 0..<columns, to: products.base)
        }
        return seconds / Double(length * length * columns)
    }

    private mutating func seconds(_ target: TensorDescriptor, _ plan: DecoderPlan, tokenCount: Int) throws -> Double {
        guard let name = TensorName(gguf: target.name), CalibrationWork.isCalibrated(name, target.type) else {
            return 0
        }
        let (weightCount, matrixCount) = (target.shape.elementCount, target.shape.matrixCount)
        // Of routed experts each sees its share of the tokens.
        let isRouted = matrixCount > 1
        let rowCount = isRouted ? Double(tokenCount * (plan.experts?.usedCount ?? 1)) : Double(tokenCount * matrixCount)
        let columns = policy.columnBlocks.ranges(of: target.shape.rowLength).map(\.count)
        guard let widest = columns.max() else { return 0 }
        var seconds = 0.0
        if let codec = BlockFormats.codec(for: target.type) as? any QuantizingCodec {
            seconds += try Double(weightCount) * encodingSeconds(codec, columns: widest)
        } else {
            _ = try factorSeconds(columns: widest)
        }
        // The gate shares what is computed of its inputs with up, as query does with key and value.
        if ![.expertsUp, .sharedUp, .feedForwardUp, .attentionKey, .attentionValue].contains(name.role) {
            for count in columns {
                seconds += try Double(matrixCount) * 3 * factorSeconds(columns: count)
                seconds += rowCount * 2 * Double(count) * Double(count) * productSeconds
            }
        }
        // Both models compute with it.
        return seconds + 2 * rowCount * Double(weightCount / max(1, matrixCount)) * productSeconds
    }

    private mutating func factorSeconds(columns: Int) throws -> Double {
        if let found = factorSeconds[columns] { return found }
        _ = try sample(columns: columns, codec: nil)
        return factorSeconds[columns] ?? 0
    }

    private mutating func encodingSeconds(_ codec: any QuantizingCodec, columns: Int) throws -> Double {
        let kind = Kind(type: codec.type, columns: columns)
        if let found = encodingSeconds[kind] { return found }
        let seconds = try sample(columns: columns, codec: codec)
        encodingSeconds[kind] = seconds
        return seconds
    }

    /// Measures the work on one matrix.
    ///
    /// - Returns: the seconds to encode a weight.
    private mutating func sample(columns: Int, codec: (any QuantizingCodec)?) throws -> Double {
        var random = SeededRandom(seed: 1)
        func values(_ rowCount: Int) -> [Float] {
            (0..<rowCount * columns).map { _ in Float.random(in: -1...1, using: &random) }
        }
        var product = MomentProduct(columns: columns)
        let inputs = values(Self.inputRowCount)
        product.add([(inputs, Self.inputRowCount)], parallel: parallel)
        let groupLength = codec.map { FeedbackEncoder.groupLength($0, policy.feedback(for: $0)) } ?? 1
        var metric: FeedbackMetric?
        // Factors of two experts are made at a time.
        factorSeconds[columns] = Parallel(threadCount: min(2, parallel.threadCount)).seconds {
            metric = FeedbackMetric(product.moments, damping: policy.feedback.damping, groupLength: groupLength)
        }
        guard let codec, let metric else { return 0 }
        let encoder = FeedbackEncoder(codec: codec, metric: metric, policy: policy.feedback(for: codec))
        let weights = values(Self.sampleRowCount)
        let rowByteCount = columns / codec.type.blockLength * codec.type.blockByteCount
        var bytes = [UInt8](repeating: 0, count: Self.sampleRowCount * rowByteCount)
        let seconds = try parallel.seconds {
            try bytes.withUnsafeMutableBytes {
                try encoder.encode(
                    weights, rowCount: Self.sampleRowCount, into: $0.baseAddress!, parallel: parallel)
            }
        }
        return seconds / Double(weights.count)
    }
}
