import BlockFormats
import ErrorFeedback
import Hessians
import Runtime
import TensorCore

/// Encodes tensors with error feedback, by second moments from a file: as many matrices at once as there are threads and
/// memory for.
///
/// Tensors that share their inputs are encoded together where memory can hold the later ones' bytes until their turn comes,
/// since to factor the moments takes longer than to encode.
final class FittedTensors {
    private let source: any TensorSource
    private let targets: [TensorDescriptor]
    private let hessian: OpenedHessian
    private let parallel: Parallel
    /// Bytes of tensors that were encoded before their turn, by place.
    private var held: [Int: [UInt8]] = [:]

    private var policy: CalibrationPolicy { hessian.fitting.policy }
    private var memory: MemoryBudget { hessian.fitting.memory }

    /// - Parameter targets: the tensors of `source`, in its order, with the types to store.
    /// - Throws: ``PipelineError`` if the memory is too small.
    init(
        source: any TensorSource, targets: [TensorDescriptor], hessian: OpenedHessian, parallel: Parallel
    ) throws {
        self.source = source
        self.targets = targets
        self.hessian = hessian
        self.parallel = parallel
        try checkMemory()
    }

    func includes(_ index: Int) -> Bool { hessian.fitted[targets[index].name] != nil }

    /// Encodes the tensor at a place.
    ///
    /// - Parameter write: receives the bytes, piece by piece.
    func encode(_ index: Int, _ write: (UnsafeRawBufferPointer) throws -> Void) throws {
        if let bytes = held.removeValue(forKey: index) { return try bytes.withUnsafeBytes(write) }
        guard let sites = hessian.fitted[targets[index].name] else { preconditionFailure("the tensor is not fitted") }
        let lead = MatrixStack(targets[index], index: index)
        let prior = try layerMoments(of: sites)
        let (workerCount, room) = share(lead, count: sites.count)
        let mates = mates(of: lead, sites: sites, room: room)
        for mate in mates { held[mate.index] = [] }
        let inner = Parallel(threadCount: max(1, parallel.threadCount / workerCount))
        for start in stride(from: 0, to: sites.count, by: workerCount) {
            let experts = start..<min(sites.count, start + workerCount)
            let results = ResultTable<[[UInt8]]>(repeating: [], count: experts.count)
            let work = MatrixWork(
                source: source, hessian: hessian, prior: prior, stacks: [lead] + mates, parallel: inner)
            try Parallel(threadCount: workerCount).forEach(experts.count) { place, _ in
                results[place] = try work.encode(expert: start + place, site: sites[start + place])
            }
            for place in 0..<experts.count {
                try results[place][0].withUnsafeBytes(write)
                for (mate, bytes) in zip(mates, results[place].dropFirst()) {
                    held[mate.index]?.append(contentsOf: bytes)
                }
            }
        }
    }

    /// Later tensors with the same inputs, as far as there is room to keep their bytes.
    private func mates(of lead: MatrixStack, sites: [HessianSite], room: Int) -> [MatrixStack] {
        var room = room
        var mates: [MatrixStack] = []
        for index in targets.indices.dropFirst(lead.index + 1) {
            guard hessian.fitted[targets[index].name] == sites else { continue }
            let mate = MatrixStack(targets[index], index: index)
            guard mate.groupLength(policy) == lead.groupLength(policy), mate.tensor.byteCount <= room else { continue }
            room -= mate.tensor.byteCount
            mates.append(mate)
        }
        return mates
    }

    /// How many matrices can be encoded at once, and how many bytes are left beside them.
    private func share(_ stack: MatrixStack, count: Int) -> (workerCount: Int, room: Int) {
        let needed = stack.workByteCount(parallel)
        let left = memory.remainingByteCount
        let workerCount = max(1, min(parallel.threadCount, count, left / needed))
        return (workerCount, left - workerCount * needed)
    }

    /// Fails if a matrix cannot be encoded even by itself.
    private func checkMemory() throws {
        let stacks = targets.indices.filter(includes).map { MatrixStack(targets[$0], index: $0) }
        guard let largest = stacks.max(by: { $0.workByteCount(parallel) < $1.workByteCount(parallel) }) else { return }
        let needed = MemoryBudget.heldByteCount + largest.workByteCount(parallel)
        guard needed > memory.byteCount else { return }
        throw PipelineError(
            .fittingTooLarge(neededByteCount: needed, budgetByteCount: memory.byteCount), tensor: largest.tensor.name)
    }

    /// What the experts of a layer see together.
    private func layerMoments(of sites: [HessianSite]) throws -> SecondMoments? {
        let (file, first) = (hessian.file, sites[0].site)
        switch first.input {
        case .experts:
            return try file.moments(ActivationSite(layer: first.layer, input: .router, expert: 0))
        case .expertsDown:
            var sum = try file.moments(first)
            for site in sites.dropFirst() where file.rowCount(site.site) > 0 { sum.add(try file.moments(site.site)) }
            return sum
        default: return nil
        }
    }
}

/// A tensor to encode, seen as matrices.
private struct MatrixStack: Sendable {
    let tensor: TensorDescriptor
    let index: Int

    init(_ tensor: TensorDescriptor, index: Int) {
        self.tensor = tensor
        self.index = index
    }

    /// Of one matrix.
    var rows: Int { tensor.shape.rank > 1 ? tensor.shape.dimensions[1] : 1 }

    /// Bytes that a thread needs to encode one matrix: the moments in float32 and the factors made of them in float64, the
    /// weights and their errors.
    func workByteCount(_ parallel: Parallel) -> Int {
        let columns = tensor.shape.rowLength
        return 40 * columns * columns + 8 * columns * rows + (parallel.threadCount << 20)
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
private struct MatrixWork: Sendable {
    let source: any TensorSource
    let hessian: OpenedHessian
    let prior: SecondMoments?
    /// All of them have the same inputs, and groups of the same length.
    let stacks: [MatrixStack]
    let parallel: Parallel

    /// Encodes one matrix of each stack.
    func encode(expert: Int, site: HessianSite) throws -> [[UInt8]] {
        let policy = hessian.fitting.policy
        let metric = FeedbackMetric(
            try moments(site), damping: policy.feedback.damping, groupLength: stacks[0].groupLength(policy))
        return try stacks.map { stack in
            let codec = stack.codec
            let encoder = FeedbackEncoder(codec: codec, metric: metric, policy: policy.feedback(for: codec))
            let weights = try weights(of: stack, expert: expert)
            var bytes = [UInt8](repeating: 0, count: stack.rows * stack.tensor.rowByteCount)
            try bytes.withUnsafeMutableBytes {
                try encoder.encode(weights, rowCount: stack.rows, into: $0.baseAddress!, parallel: parallel)
            }
            return bytes
        }
    }

    private func moments(_ site: HessianSite) throws -> SecondMoments {
        let moments = try hessian.file.moments(site.site).drawn(towardLayer: prior, hessian.fitting.policy)
        guard firstNonFinite(moments.values, count: moments.values.count) == nil else {
            throw HessianError(.incombinable, path: hessian.file.path, tensor: stacks[0].tensor.name)
        }
        return moments
    }

    /// The values of one matrix, each of them finite.
    private func weights(of stack: MatrixStack, expert: Int) throws -> [Float] {
        let columns = stack.tensor.shape.rowLength
        guard let plain = TensorDescriptor(name: stack.tensor.name, shape: stack.tensor.shape, type: .f32) else {
            throw PipelineError(.unsupportedTarget(.f32), tensor: stack.tensor.name)
        }
        let job = try EncodingJob(source: source, index: stack.index, target: plain, guidance: EncodingGuidance())
        var values = [Float](repeating: 0, count: stack.rows * columns)
        try values.withUnsafeMutableBytes { buffer in
            let target = Target(base: buffer.baseAddress!)
            let workers = (0..<parallel.threadCount).map { _ in EncodingWorker() }
            try parallel.forEachRange(stack.rows, length: max(1, (1 << 16) / columns)) { rows, worker in
                let first = expert * stack.rows + rows.lowerBound
                try job.encode(
                    rows: first..<first + rows.count, into: target.base + rows.lowerBound * plain.rowByteCount,
                    worker: workers[worker])
            }
        }
        return values
    }

    private struct Target: @unchecked Sendable {
        let base: UnsafeMutableRawPointer
    }
}
