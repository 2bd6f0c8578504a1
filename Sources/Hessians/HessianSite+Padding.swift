import ErrorFeedback
import GGUF
import ModelArchitecture

/// Experts may be widened with zeros to whole blocks of 256 elements, behind the columns that they have.
extension HessianSite {
    private static let blockLength = 256

    /// The site under which a file holds these inputs; it may be that of a model whose experts have other padding, or
    /// none.
    ///
    /// - Returns: the site itself if the file lacks it, or if the widths differ by more than padding.
    func stored(in file: GGUFFile, plan: DecoderPlan, _ blocks: ColumnBlocks) -> HessianSite {
        let width = plan.dimensions(of: site.roles[0])[0]
        guard columns.upperBound == width, let name = tensors?.diagonal.name, let index = file.index(ofTensor: name)
        else { return self }
        let found = columns.lowerBound + file.tensors[index].shape.elementCount
        let cut = blocks.ranges(of: found)
        guard found > columns.lowerBound + 1, isPadding(min(found, width), max(found, width), plan),
            cut.last?.lowerBound == columns.lowerBound,
            cut.count == blocks.ranges(of: width).count
        else { return self }
        return HessianSite(site: site, block: block, columns: columns.lowerBound..<found)
    }

    /// Whether padding makes one width of these inputs of the other.
    private func isPadding(_ narrow: Int, _ wide: Int, _ plan: DecoderPlan) -> Bool {
        let expertCount: Int
        switch site.input {
        case .expertsDown: expertCount = 1
        case .sharedDown: expertCount = plan.experts?.sharedCount ?? 1
        default: return false
        }
        guard narrow < wide, narrow.isMultiple(of: expertCount) else { return false }
        let length = narrow / expertCount
        return expertCount * ((length + Self.blockLength - 1) / Self.blockLength * Self.blockLength) == wide
    }
}
