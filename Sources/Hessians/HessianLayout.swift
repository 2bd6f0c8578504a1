import ErrorFeedback
import ModelArchitecture
import Runtime
import Tensors

/// The sites of a file of second moments in their order, and how each is encoded.
package struct HessianLayout: Sendable {
    let sites: [(site: HessianSite, tensors: HessianSite.Tensors)]
    private let numbers: [Key: Int]
    private let path: String

    private struct Key: Hashable {
        let site: ActivationSite
        let block: Int
    }

    /// The layout of a model's file.
    ///
    /// - Parameters:
    ///   - plan: the plan of the model, from which the sites follow.
    ///   - blocks: the blocks that wide inputs are cut into.
    ///   - path: the path of the file, which errors name.
    /// - Throws: ``HessianError`` if inputs are too wide for a file.
    package init(_ plan: DecoderPlan, _ blocks: ColumnBlocks, path: String) throws {
        self.path = path
        sites = try HessianSite.all(of: plan, blocks).map { site in
            guard let tensors = site.tensors else { throw HessianError(.tooLarge, path: path, tensor: site.name) }
            return (site, tensors)
        }
        numbers = Dictionary(
            uniqueKeysWithValues: sites.enumerated().map { (Key(site: $1.site.site, block: $1.site.block ?? 0), $0) })
    }

    var tensors: [TensorDescriptor] { sites.flatMap { $0.tensors.all } }

    /// The place of a site in the file; nil if it is not in it.
    ///
    /// - Parameter block: the number of the block of columns; 0 if the inputs are not cut.
    package func number(of site: ActivationSite, block: Int) -> Int? { numbers[Key(site: site, block: block)] }

    /// The places of sites in the file.
    package var indices: Range<Int> { sites.indices }

    /// Encodes the second moments of a site, tensor after tensor, a row of a matrix at a time.
    ///
    /// - Parameters:
    ///   - moments: the second moments of the inputs, as wide as the block.
    ///   - number: the site's place in the file.
    ///   - append: receives the bytes.
    ///   - endTensor: called after each tensor.
    /// - Throws: ``HessianError`` if a sum is not finite, and what `append` and `endTensor` throw.
    package func encode(
        _ moments: SecondMoments, as number: Int, append: (UnsafeRawBufferPointer) throws -> Void,
        endTensor: () throws -> Void = {}
    ) throws {
        let (site, tensors) = sites[number]
        precondition(moments.columns == site.columns.count, "the moments are of other inputs")
        let n = moments.columns
        let diagonal = (0..<n).map { moments.values[$0 * n + $0] }
        guard diagonal.allSatisfy({ $0.isFinite && $0 >= 0 }) else {
            throw HessianError(.nonFiniteMoments, path: path, tensor: tensors.diagonal.name)
        }
        try withUnsafeBytes(of: Int64(moments.rowCount).littleEndian) { try append($0) }
        try endTensor()
        try diagonal.map(\.bitPattern.littleEndian).withUnsafeBytes { try append($0) }
        try endTensor()

        let scales = diagonal.map { $0 > 0 ? 1 / $0.squareRoot() : 0 }
        var row = [UInt16](repeating: 0, count: n)
        for first in 0..<n - 1 {
            for second in first + 1..<n {
                // One scale after the other: their product could overflow.
                let correlation = moments.values[first * n + second] * scales[first] * scales[second]
                guard correlation.isFinite else {
                    throw HessianError(.nonFiniteMoments, path: path, tensor: tensors.correlations.name)
                }
                row[second] = Float16(max(-1, min(1, correlation))).bitPattern.littleEndian
            }
            try row.withUnsafeBytes { try append(UnsafeRawBufferPointer(rebasing: $0[(2 * first + 2)...])) }
        }
        try endTensor()
    }
}
