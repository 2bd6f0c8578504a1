import ModelArchitecture
import Tensors

extension Recipe {
    /// Decides the type of every tensor, in the order of `tensors`.
    ///
    /// In this order: vectors, norms, routers, integers and whatever is no `.weight` stay as they are; what `options`
    /// ask for; the rules; the base type. Then rows that are no whole number of blocks get the fallback type, which is
    /// recorded, or the recipe is refused.
    ///
    /// - Throws: ``RecipeError`` if rows are no whole number of blocks and fallback types are not allowed.
    public func assignments(
        for tensors: [TensorDescriptor], geometry: ModelGeometry, options: RecipeOptions = RecipeOptions()
    ) throws(RecipeError) -> [TypeAssignment] {
        let names = tensors.map { TensorName(gguf: $0.name) }
        var selection = TypeSelection(
            recipe: applying(options), geometry: geometry, hasImportance: options.hasImportance,
            allowsFallback: options.allowsFallback, isTied: !names.contains { $0?.role == .output })
        var assignments = [TypeAssignment?](repeating: nil, count: tensors.count)
        for index in Self.numberingOrder(tensors, names) {
            assignments[index] = try selection.assignment(for: tensors[index], index: index, name: names[index])
        }
        return assignments.compactMap { $0 }
    }

    /// The order in which llama.cpp numbers tensors: those outside the layers, then by layer, then by name.
    private static func numberingOrder(_ tensors: [TensorDescriptor], _ names: [TensorName?]) -> [Int] {
        tensors.indices.sorted { a, b in
            let (layerA, layerB) = (names[a]?.layer ?? -1, names[b]?.layer ?? -1)
            return layerA != layerB
                ? layerA < layerB : tensors[a].name.utf8.lexicographicallyPrecedes(tensors[b].name.utf8)
        }
    }
}

/// One walk over a model's tensors in numbering order, deciding each.
private struct TypeSelection {
    let recipe: Recipe
    let geometry: ModelGeometry
    let hasImportance: Bool
    let allowsFallback: Bool
    /// Whether the token embedding is the output matrix too.
    let isTied: Bool
    /// Tensors that the rules decided so far, by role.
    private var counts: [TensorRole: Int] = [:]

    init(recipe: Recipe, geometry: ModelGeometry, hasImportance: Bool, allowsFallback: Bool, isTied: Bool) {
        self.recipe = recipe
        self.geometry = geometry
        self.hasImportance = hasImportance
        self.allowsFallback = allowsFallback
        self.isTied = isTied
    }

    mutating func assignment(
        for tensor: TensorDescriptor, index: Int, name: TensorName?
    ) throws(RecipeError) -> TypeAssignment {
        let kept = Self.reasonToKeep(tensor)
        let (choice, reason) = kept.map { (nil, $0) } ?? decide(tensor, name)
        let wanted = choice ?? tensor.type
        let rowLength = tensor.shape.rowLength
        let stored = wanted.storable(rowLength: rowLength)
        guard stored == wanted || allowsFallback else {
            throw RecipeError(
                .rowsAreNotBlocks(tensor: tensor.name, rowLength: rowLength, type: wanted, fallback: stored))
        }
        guard let result = TensorDescriptor(name: tensor.name, shape: tensor.shape, type: stored) else {
            throw RecipeError(.tooLarge(tensor: tensor.name))
        }
        let isExempt = choice == nil || name?.role == .tokenEmbedding || name?.role == .output
        return TypeAssignment(
            index: index, tensor: result, sourceType: tensor.type, reason: reason,
            fallbackFrom: stored == wanted ? nil : wanted,
            needsImportance: !isExempt && recipe.importanceTypes.contains(stored))
    }

    /// Why a tensor is stored as it is, or nil if it may be encoded.
    private static func reasonToKeep(_ tensor: TensorDescriptor) -> String? {
        switch tensor.type {
        case .i8, .i16, .i32, .i64: return "kept: whole numbers"
        default: break
        }
        if !tensor.shape.dimensions.dropFirst().contains(where: { $0 > 1 }) { return "kept: a vector" }
        if !tensor.name.hasSuffix(".weight") { return "kept: not a weight" }
        if tensor.name.hasSuffix("_norm.weight") { return "kept: a norm" }
        if tensor.name.hasSuffix("ffn_gate_inp.weight") { return "kept: a router" }
        return nil
    }

    /// Decides the type of a tensor, whatever its rows are.
    ///
    /// - Returns: The type and the reason for it; nil in place of the type that the tensor is stored in.
    private mutating func decide(_ tensor: TensorDescriptor, _ name: TensorName?) -> (TensorType?, String) {
        let role = name?.role == .tokenEmbedding && isTied ? .output : name?.role
        let rule = recipe.rules.first { rule in
            rule.covers(name: tensor.name, role: role)
                && rule.conditions.allSatisfy { holds($0, rule: rule, tensor: tensor, layer: name?.layer) }
        }
        guard let rule else {
            if let role { counts[role, default: 0] += 1 }
            return (recipe.baseType, "\(recipe.name): base type")
        }
        if let role, !rule.roles.isEmpty { counts[role, default: 0] += 1 }
        return (rule.type, reason(rule))
    }

    private func reason(_ rule: Recipe.Rule) -> String {
        if rule.reason.isEmpty { return "\(recipe.name): \(rule.subject)" }
        return rule.roles.isEmpty ? rule.reason : "\(recipe.name): \(rule.subject) (\(rule.reason))"
    }

    private func holds(
        _ condition: Recipe.Condition, rule: Recipe.Rule, tensor: TensorDescriptor, layer: Int?
    ) -> Bool {
        switch condition {
        case .minimumQueryGroupSize(let size): return geometry.queryGroupSize >= size
        case .minimumExpertCount(let count): return geometry.expertCount >= count
        case .expertCount(let count): return geometry.expertCount == count
        case .layerCount(let count): return geometry.layerCount == count
        case .importance(let wanted): return hasImportance == wanted
        case .rowLengthIsNoMultiple(let length): return !tensor.shape.rowLength.isMultiple(of: length)
        case .isStack(let wanted):
            return tensor.shape.dimensions.dropFirst(2).contains { $0 > 1 } == wanted
        case .number(let numbering, let stretch):
            let running = rule.roles.reduce(0) { $0 + (counts[$1] ?? 0) }
            let number =
                switch numbering {
                case .running: running
                case .layer: layer
                case .layerOrRunning: geometry.expertCount > 1 ? layer ?? running : running
                }
            return number.map { stretch.contains($0, of: geometry.layerCount) } ?? false
        }
    }
}
