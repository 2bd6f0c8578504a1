import Files
import FoundationEssentials
import Synchronization
import Tensors

/// What is done to the weights of routed experts, so that the copies of a slice differ from the beginning.
///
/// What becomes of a row depends on the seed, the layer, the expert, the matrix and the row alone.
final class ExpertPerturbation: Sendable {
    /// An expert's matrix.
    struct Site: Hashable, Sendable {
        let layer: Int
        let expert: Int
        let slice: Int
        let matrix: UpcyclingForm.Matrix
    }

    /// Reads rows of a matrix as they are before.
    typealias Reader = (Range<Int>, UnsafeMutableRawBufferPointer) throws -> Void

    private struct Moments {
        let mean: Float
        let deviation: Float
    }

    private let plan: UpcyclingPlan
    private let sites: [Int: Site]
    /// By a site, or what of it the moments depend on.
    private let moments = Mutex<[Site: Moments]>([:])
    private let replaced = Mutex<[Site: [Bool]]>([:])

    /// Elements that are read at a time where moments are computed.
    private static let pieceLength = 1 << 18
    /// Experts whose replaced elements are remembered.
    private static let rememberedCount = 64

    /// - Parameter sites: experts' matrices, by their tensors' places.
    /// - Returns: nil if nothing is to be done.
    init?(_ plan: UpcyclingPlan, sites: [Int: Site]) {
        guard plan.options.perturbation != .none else { return nil }
        self.plan = plan
        self.sites = sites
    }

    /// Changes rows of an expert's matrix in place; other tensors stay as they are.
    ///
    /// - Parameters:
    ///   - buffer: the rows.
    ///   - read: reads other rows of the matrix.
    func apply(
        toTensorAt index: Int, _ tensor: TensorDescriptor, rows: Range<Int>, _ buffer: UnsafeMutableRawBufferPointer,
        _ read: Reader
    ) throws {
        guard let site = sites[index] else { return }
        let numbers = PlainNumbers(tensor.type)
        let moments = try moments(of: site, tensor, read)
        let replaced = isDropping ? replacedElements(of: site) : []
        for (position, row) in rows.enumerated() {
            if isDropping, site.matrix != .down, !replaced[row] { continue }
            let place = buffer.baseAddress! + position * tensor.rowByteCount
            var values = numbers.values(place, count: tensor.shape.rowLength)
            var random = NormalNumbers(
                seed: plan.options.seed, 2, site.layer, site.expert, site.matrix.number, row)
            switch plan.options.perturbation {
            case .none: break
            case .noise(let share):
                let deviation = Float(share) * moments.deviation
                for column in values.indices { values[column] += deviation * random.next() }
            case .drop:
                for column in values.indices where site.matrix != .down || replaced[column] {
                    values[column] = moments.mean + moments.deviation * random.next()
                }
            }
            numbers.encode(values, into: place)
        }
    }

    private var isDropping: Bool {
        if case .drop = plan.options.perturbation { true } else { false }
    }

    /// Which of an expert's inner elements begin anew: the same in all of its matrices.
    private func replacedElements(of site: Site) -> [Bool] {
        guard case .drop(let share) = plan.options.perturbation else { return [] }
        let key = Site(layer: site.layer, expert: site.expert, slice: site.slice, matrix: .gate)
        if let known = replaced.withLock({ $0[key] }) { return known }
        let length = plan.length
        let count = Int((share * Double(length)).rounded())
        var random = NormalNumbers(seed: plan.options.seed, 3, site.layer, site.expert)
        var order = Array(0..<length)
        var isReplaced = [Bool](repeating: false, count: length)
        for position in 0..<count {
            order.swapAt(position, position + random.next(below: length - position))
            isReplaced[order[position]] = true
        }
        replaced.withLock { known in
            if known.count >= Self.rememberedCount { known.removeAll() }
            known[key] = isReplaced
        }
        return isReplaced
    }

    /// Mean and deviation of the weights that are replaced or, where noise is added, of all of the slice's matrix.
    private func moments(of site: Site, _ tensor: TensorDescriptor, _ read: Reader) throws -> Moments {
        let key =
            isDropping ? site : Site(layer: site.layer, expert: 0, slice: site.slice, matrix: site.matrix)
        // Threads that need the same moments wait for the first of them.
        return try moments.withLock { known in
            if let found = known[key] { return found }
            let found = try computedMoments(of: site, tensor, read)
            if known.count >= Self.rememberedCount { known.removeAll() }
            known[key] = found
            return found
        }
    }

    private func computedMoments(of site: Site, _ tensor: TensorDescriptor, _ read: Reader) throws -> Moments {
        let numbers = PlainNumbers(tensor.type)
        let replaced = isDropping ? replacedElements(of: site) : nil
        let length = tensor.shape.rowLength
        let rowsPerPiece = max(1, Self.pieceLength / length)
        let room = UnsafeMutableRawBufferPointer.allocate(
            byteCount: min(rowsPerPiece, tensor.shape.rowCount) * tensor.rowByteCount, alignment: 64)
        defer { room.deallocate() }
        var (count, sum, squares) = (0, 0.0, 0.0)
        for start in stride(from: 0, to: tensor.shape.rowCount, by: rowsPerPiece) {
            let rows = start..<min(tensor.shape.rowCount, start + rowsPerPiece)
            let piece = UnsafeMutableRawBufferPointer(rebasing: room[..<(rows.count * tensor.rowByteCount)])
            try read(rows, piece)
            for (position, row) in rows.enumerated() {
                if let replaced, site.matrix != .down, !replaced[row] { continue }
                let values = numbers.values(piece.baseAddress! + position * tensor.rowByteCount, count: length)
                for (column, value) in values.enumerated() {
                    if let replaced, site.matrix == .down, !replaced[column] { continue }
                    count += 1
                    sum += Double(value)
                    squares += Double(value) * Double(value)
                }
            }
        }
        guard count > 0 else { return Moments(mean: 0, deviation: 0) }
        let mean = sum / Double(count)
        return Moments(mean: Float(mean), deviation: Float(max(0, squares / Double(count) - mean * mean).squareRoot()))
    }
}

extension UpcyclingForm.Matrix {
    fileprivate var number: Int { Self.allCases.firstIndex(of: self)! }
}
