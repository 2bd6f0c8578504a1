import Checkpoints
import Files
import ModelArchitecture
import Tensors

/// The mixture of experts that a dense checkpoint becomes: what each expert holds, and whether that computes the same.
///
/// Every feed-forward block is cut into `granularity` equal slices: gate and up by rows, down by columns. The first
/// `sharedCount` slices make the shared block. The others make a *virtual group* of ``groupSize`` experts, and the list of
/// experts repeats that group. The router's rows of a group are equal, so that a token takes whole groups, each of whose
/// experts gets the same weight; since the weights of a token sum to 1, an expert's down matrix is multiplied by the group's
/// size (He et al., "Upcycling Large Language Models into Mixture of Experts", arXiv 2410.07524; that the factor goes to down
/// alone is what makes it exact, as SiLU is not homogeneous).
public struct UpcyclingPlan: Sendable {
    /// Whether the result computes what the dense model computes.
    public enum Exactness: String, Sendable {
        /// It does, whatever the router says, but for the order of sums.
        case exact
        /// It does but for the rounding of the down matrices, whose factor is no power of two and whose type is short.
        case rounded
        /// It does not: the experts were changed, each by itself.
        case perturbed
    }

    /// What was asked for.
    public let options: UpcyclingOptions
    /// The family of the result.
    public let form: UpcyclingForm
    /// The inner width of the dense model's blocks, in elements.
    public let denseLength: Int
    /// The inner width of an expert, in elements.
    public let length: Int
    /// The number of experts in a virtual group: the slices that are not in the shared block.
    public let groupSize: Int
    /// The number of virtual groups.
    public let groupCount: Int
    /// The plan of the result's computation.
    public let decoder: DecoderPlan
    /// Whether the result computes what the dense model computes.
    public let exactness: Exactness

    /// The most experts that llama.cpp has room for.
    static let expertCountLimit = 1024

    /// Plans the result; nothing is read of the weights.
    ///
    /// - Parameters:
    ///   - checkpoint: A dense checkpoint.
    ///   - options: What it is to become.
    /// - Throws: ``UpcyclingError`` with what would work if the options do not suit the model.
    public init(_ checkpoint: Checkpoint, _ options: UpcyclingOptions) throws {
        let dense = checkpoint.storedPlan
        func refuse(_ kind: UpcyclingError.Kind) -> UpcyclingError {
            UpcyclingError(kind, file: checkpoint.directory)
        }
        guard case .dense(let width) = dense.feedForward else {
            throw refuse(.alreadyMixture(expertCount: dense.experts?.count ?? 0))
        }
        let (granularity, shared) = (options.granularity, options.sharedCount)
        precondition(
            granularity > 0 && shared >= 0 && options.expertCount > 0 && options.usedCount > 0,
            "numbers of experts are positive")
        guard width.isMultiple(of: granularity) else {
            let near = Self.divisors(of: width, near: granularity)
            throw refuse(.widthNotDivisible(width: width, granularity: granularity, near: near))
        }
        guard shared < granularity else {
            throw refuse(.sharedTakesAll(sharedCount: shared, granularity: granularity))
        }
        let isXverse = checkpoint.isXverse
        form = options.form ?? (shared > 0 || isXverse ? .xverseMoE : .mixtral)
        guard shared == 0 || form == .xverseMoE else { throw refuse(.noPlaceForShared) }
        let size = granularity - shared
        guard options.expertCount <= Self.expertCountLimit else {
            throw refuse(.tooManyExperts(count: options.expertCount, limit: Self.expertCountLimit))
        }
        guard options.expertCount.isMultiple(of: size) else {
            let near = Self.multiples(of: size, near: options.expertCount, limit: Self.expertCountLimit)
            throw refuse(.expertsNotGroups(count: options.expertCount, groupSize: size, near: near))
        }
        guard options.usedCount <= options.expertCount else {
            throw refuse(.usedTooMany(count: options.usedCount, expertCount: options.expertCount))
        }
        guard options.usedCount.isMultiple(of: size) else {
            let near = Self.multiples(of: size, near: options.usedCount, limit: options.expertCount)
            throw refuse(.usedNotGroups(count: options.usedCount, groupSize: size, near: near))
        }
        self.options = options
        denseLength = width
        length = width / granularity
        groupSize = size
        groupCount = options.expertCount / size
        var decoder = dense
        decoder.feedForward = .experts(
            .init(
                count: options.expertCount, usedCount: options.usedCount, length: length, sharedCount: shared,
                normalizesWeights: true, weightScale: 1))
        do throws(ArchitectureError) {
            self.decoder = try decoder.expressed(asOneOf: form.ggufArchitectures)
        } catch {
            guard case .inexpressible(let reasons) = error.kind else { throw error }
            throw refuse(.inexpressible(reasons))
        }
        exactness = Self.exactness(checkpoint, options, factor: size)
    }

    private static func exactness(
        _ checkpoint: Checkpoint, _ options: UpcyclingOptions, factor: Int
    ) -> Exactness {
        guard options.perturbation == .none else { return .perturbed }
        guard factor & (factor - 1) != 0 else { return .exact }
        let suffix = TensorRole.feedForwardDown.stem + ".weight"
        let down = checkpoint.tensors.tensors.filter { $0.name.hasSuffix(suffix) }
        return down.allSatisfy { $0.type == .f32 } ? .exact : .rounded
    }

    /// The nearest divisors below and above a number that is none.
    private static func divisors(of width: Int, near number: Int) -> [Int] {
        let below = stride(from: min(number, width) - 1, through: 1, by: -1).first { width.isMultiple(of: $0) }
        let above = number < width ? (number + 1...width).first { width.isMultiple(of: $0) } : nil
        return [below, above].compactMap { $0 }
    }

    /// The nearest multiples below and above a number that is none.
    private static func multiples(of size: Int, near number: Int, limit: Int) -> [Int] {
        let below = number / size * size
        return [below, below + size].filter { $0 > 0 && $0 <= limit }
    }

    /// The slice of the dense block that a routed expert holds, counted from 0.
    ///
    /// - Parameter expert: The expert's number in its layer.
    public func slice(ofExpert expert: Int) -> Int { options.sharedCount + expert % groupSize }

    /// The virtual group of a routed expert, counted from 0: experts `iG … iG + G − 1` are group `i`, of groups of `G`.
    ///
    /// - Parameter expert: The expert's number in its layer.
    public func group(ofExpert expert: Int) -> Int { expert / groupSize }

    /// The number of weights of the result: all, and those that a token passes through.
    public var weightCounts: (all: Int, active: Int) {
        var (all, active) = (0, 0)
        for tensor in decoder.tensors {
            let count = tensor.dimensions.reduce(1, *)
            all += count
            let isRouted = [.expertsGate, .expertsUp, .expertsDown].contains(tensor.name.role)
            active += isRouted ? count / options.expertCount * options.usedCount : count
        }
        return (all, active)
    }
}
