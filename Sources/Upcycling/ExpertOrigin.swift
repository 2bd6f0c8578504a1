import Digests
import Files
import ModelArchitecture
import Tensors

/// What is left of upcycling in a mixture of experts: whether its experts are still slices of one dense block.
///
/// An upcycled model's experts repeat a group that has every slice once, and the router's rows of a group are equal. Training
/// makes the copies differ. Quantized files keep what is equal equal, unless they were guided by data of each expert.
public struct ExpertOrigin: Sendable, Equatable {
    /// What one layer's experts are.
    public struct Layer: Sendable, Equatable {
        /// The number of the layer, from 0.
        public let number: Int
        /// The number of routed experts.
        public let expertCount: Int
        /// The number of experts with weights of their own: the slices, if the others are copies of them.
        public let distinctCount: Int
        /// The experts whose rows of the router are equal, in the order of the first of each.
        public let groups: [[Int]]
        /// Whether every group has each distinct expert once.
        public let isSliced: Bool
    }

    /// The layers with experts, in their order.
    public let layers: [Layer]

    /// The layers that are as upcycling made them.
    public var slicedLayers: [Layer] { layers.filter(\.isSliced) }

    /// Whether experts of any layer are copies of others.
    public var hasCopies: Bool { layers.contains { $0.distinctCount < $0.expertCount } }

    /// Bytes of a piece of an expert's matrix that is looked at, about.
    private static let pieceByteCount = 1 << 13
    /// Pieces of a matrix, spread over its rows; of the first layer with experts, and of the others, which are as that one is.
    private static let pieceCounts = (first: 8, others: 2)
    /// More experts, and longer rows, no model has.
    private static let rowCountLimit = 1 << 14
    private static let rowByteCountLimit = 1 << 22
    private static let matrices: [TensorRole] = [.expertsGate, .expertsUp, .expertsDown]

    /// Looks at the routers of a model, and at samples of its experts: of each matrix pieces of about 8 KiB, from its first
    /// to its last row, eight in the first layer and two in the others. Where the first layer has no copies, nor have the
    /// others, and their experts are not looked at.
    ///
    /// - Parameter source: The model's weights under their GGUF names.
    /// - Returns: nil if the model has no routed experts.
    /// - Throws: errors of reading.
    public init?(of source: any TensorSource) throws {
        var places: [TensorName: Int] = [:]
        for (index, tensor) in source.tensors.enumerated() {
            if let name = TensorName(gguf: tensor.name) { places[name] = index }
        }
        let routers = places.filter { name, index in
            let tensor = source.tensors[index]
            return name.role == .router && tensor.shape.rowCount <= Self.rowCountLimit
                && tensor.rowByteCount <= Self.rowByteCountLimit
        }.sorted { ($0.key.layer ?? 0) < ($1.key.layer ?? 0) }
        guard !routers.isEmpty else { return nil }
        var layers: [Layer] = []
        for (name, router) in routers {
            let number = name.layer ?? 0
            let experts = Self.matrices.compactMap { places[TensorName($0, layer: number)] }
            let groups = try Self.classes(Self.routerRows(router, in: source))
            let count = groups.reduce(0) { $0 + $1.count }
            // Stacks that do not go with the router are none of its experts.
            let isWhole =
                experts.count == Self.matrices.count
                && experts.allSatisfy { index in
                    let tensor = source.tensors[index]
                    return tensor.shape.matrixCount == count && tensor.rowByteCount <= Self.rowByteCountLimit
                }
            let areLookedAt = isWhole && (layers.first.map { $0.distinctCount < $0.expertCount } ?? true)
            let kinds =
                areLookedAt
                ? try Self.classes(
                    Self.digests(
                        of: experts, count: count,
                        pieceCount: layers.isEmpty ? Self.pieceCounts.first : Self.pieceCounts.others, in: source))
                : (0..<count).map { [$0] }
            var kindOfExpert = [Int](repeating: 0, count: count)
            for (kind, members) in kinds.enumerated() { for expert in members { kindOfExpert[expert] = kind } }
            let isSliced =
                count > 1
                && groups.allSatisfy { group in
                    group.count == kinds.count && Set(group.map { kindOfExpert[$0] }).count == kinds.count
                }
            layers.append(
                Layer(
                    number: number, expertCount: count, distinctCount: kinds.count, groups: groups, isSliced: isSliced))
        }
        self.layers = layers
    }

    /// A digest of each row.
    private static func routerRows(_ index: Int, in source: any TensorSource) throws -> [[UInt8]] {
        let tensor = source.tensors[index]
        var bytes = [UInt8](repeating: 0, count: tensor.rowByteCount)
        return try (0..<tensor.shape.rowCount).map { row in
            try bytes.withUnsafeMutableBytes { try source.readRows(ofTensorAt: index, rows: row..<row + 1, into: $0) }
            var hash = SHA256()
            hash.update(bytes)
            return Array(hash.hexadecimal.utf8)
        }
    }

    /// A digest of samples of each expert's matrices.
    private static func digests(
        of stacks: [Int], count: Int, pieceCount: Int, in source: any TensorSource
    ) throws -> [[UInt8]] {
        try (0..<count).map { expert in
            var hash = SHA256()
            for index in stacks {
                let tensor = source.tensors[index]
                let rowCount = tensor.shape.matrixRowCount
                let length = max(1, min(rowCount, pieceByteCount / tensor.rowByteCount))
                let pieces = rowCount <= pieceCount * length ? 1 : pieceCount
                for piece in 0..<pieces {
                    let start = pieces == 1 ? 0 : (rowCount - length) * piece / (pieces - 1)
                    let rows = start..<(pieces == 1 ? rowCount : start + length)
                    var bytes = [UInt8](repeating: 0, count: rows.count * tensor.rowByteCount)
                    let first = expert * rowCount + rows.lowerBound
                    try bytes.withUnsafeMutableBytes {
                        try source.readRows(ofTensorAt: index, rows: first..<first + rows.count, into: $0)
                    }
                    hash.update(bytes)
                }
            }
            return Array(hash.hexadecimal.utf8)
        }
    }

    /// The numbers of equal values, in the order of the first of each.
    private static func classes(_ values: [[UInt8]]) -> [[Int]] {
        var places: [[UInt8]: Int] = [:]
        var classes: [[Int]] = []
        for (number, value) in values.enumerated() {
            if let place = places[value] {
                classes[place].append(number)
            } else {
                places[value] = classes.count
                classes.append([number])
            }
        }
        return classes
    }
}
