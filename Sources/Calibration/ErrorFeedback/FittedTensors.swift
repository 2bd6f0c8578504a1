import ErrorFeedback
import Hessians
import Numerics
import Parallelism
import Runtime
import Tensors

/// Encodes tensors with error feedback, by second moments from a file: as many matrices at once as there are threads and
/// memory for.
///
/// Tensors that share their inputs are encoded together where memory can hold the later ones' bytes until their turn comes,
/// since to factor the moments takes longer than to encode.
package final class FittedTensors {
    private let source: any TensorSource
    private let targets: [TensorDescriptor]
    private let range: Range<Int>
    private let hessian: OpenedHessian
    private let parallel: Parallel
    /// Bytes of tensors that were encoded before their turn, by place.
    private var held: [Int: [UInt8]] = [:]

    private var policy: CalibrationPolicy { hessian.fitting.policy }
    private var memory: MemoryBudget { hessian.fitting.memory }

    /// - Parameters:
    ///   - targets: the tensors of `source`, in its order, with the types to store.
    ///   - range: the tensors that are asked for.
    /// - Throws: ``CalibrationError`` if the memory is too small.
    package init(
        source: any TensorSource, targets: [TensorDescriptor], range: Range<Int>, hessian: OpenedHessian,
        parallel: Parallel
    ) throws {
        self.source = source
        self.targets = targets
        self.range = range
        self.hessian = hessian
        self.parallel = parallel
        try checkMemory()
    }

    package func includes(_ index: Int) -> Bool { hessian.fitted[targets[index].name] != nil }

    /// Encodes the tensor at a place.
    ///
    /// - Parameter write: receives the bytes, piece by piece.
    package func encode(_ index: Int, _ write: (UnsafeRawBufferPointer) throws -> Void) throws {
        if let bytes = held.removeValue(forKey: index) { return try bytes.withUnsafeBytes(write) }
        guard let sites = hessian.fitted[targets[index].name] else { preconditionFailure("the tensor is not fitted") }
        let lead = stack(index)
        let priors = try layerMoments(of: sites)
        let (workerCount, room) = share(lead, count: sites.count)
        let mates = mates(of: lead, sites: sites, room: room)
        for mate in mates { held[mate.index] = [] }
        let inner = Parallel(threadCount: max(1, parallel.threadCount / workerCount))
        for start in stride(from: 0, to: sites.count, by: workerCount) {
            let experts = start..<min(sites.count, start + workerCount)
            let results = ResultTable<[[UInt8]]>(repeating: [], count: experts.count)
            let work = MatrixWork(
                source: source, hessian: hessian, priors: priors, stacks: [lead] + mates, parallel: inner)
            try Parallel(threadCount: workerCount).forEach(experts.count) { place, _ in
                results[place] = try work.encode(expert: start + place, sites: sites[start + place])
            }
            for place in 0..<experts.count {
                try results[place][0].withUnsafeBytes(write)
                for (mate, bytes) in zip(mates, results[place].dropFirst()) {
                    held[mate.index]?.append(contentsOf: bytes)
                }
            }
        }
    }

    private func stack(_ index: Int) -> FittedStack {
        FittedStack(targets[index], index: index, hessian.file.blocks)
    }

    /// Later tensors with the same inputs, as far as there is room to keep their bytes.
    private func mates(of lead: FittedStack, sites: [[HessianSite]], room: Int) -> [FittedStack] {
        var room = room
        var mates: [FittedStack] = []
        for index in range.dropFirst(lead.index + 1 - range.lowerBound) {
            guard hessian.fitted[targets[index].name] == sites else { continue }
            let mate = stack(index)
            guard mate.groupLength(policy) == lead.groupLength(policy), mate.tensor.byteCount <= room else { continue }
            room -= mate.tensor.byteCount
            mates.append(mate)
        }
        return mates
    }

    /// How many matrices can be encoded at once, and how many bytes are left beside them.
    private func share(_ stack: FittedStack, count: Int) -> (workerCount: Int, room: Int) {
        let needed = stack.workingSet(policy, parallel)
        let workerCount = max(1, min(parallel.threadCount, count, memory.count(of: needed)))
        return (workerCount, memory.room(beside: workerCount * needed))
    }

    /// Fails if a matrix cannot be encoded even by itself.
    private func checkMemory() throws {
        let sets = targets.indices.filter(includes).map(stack).map {
            (name: $0.tensor.name, set: $0.workingSet(policy, parallel) + $0.priorWorkingSet)
        }
        guard let largest = sets.max(by: { $0.set.byteCount < $1.set.byteCount }) else { return }
        try memory.demand(largest.set) {
            CalibrationError(.fittingTooLarge(neededByteCount: $0, budgetByteCount: $1), tensor: largest.name)
        }
    }

    /// What the experts of a layer see together, by block of columns.
    private func layerMoments(of matrices: [[HessianSite]]) throws -> [SecondMoments?] {
        let file = hessian.file
        return try matrices[0].enumerated().map { block, first in
            switch first.site.input {
            case .experts: return try file.moments(first.router)
            case .expertsDown:
                var sum = try file.moments(first)
                for sites in matrices.dropFirst() where file.rowCount(sites[block]) > 0 {
                    sum.add(try file.moments(sites[block]))
                }
                return sum
            default: return nil
            }
        }
    }
}
