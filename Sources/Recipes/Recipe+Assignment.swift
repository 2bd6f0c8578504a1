import ModelArchitecture
import TensorCore

extension Recipe {
    /// Decides the type of every tensor, in the order of `tensors`.
    ///
    /// In this order: vectors, norms, routers, integers and whatever is no `.weight` stay as they are; an explicit output
    /// or embedding type; the first matching override; the rules; the base type. Then rows that are no whole number of
    /// blocks get the fallback type, which is recorded, or the recipe is refused.
    public func assignments(
        for tensors: [TensorDescriptor], geometry: ModelGeometry, options: RecipeOptions = RecipeOptions()
    ) throws(RecipeError) -> [TypeAssignment] {
        let names = tensors.map { TensorName(gguf: $0.name) }
        var selection = try TypeSelection(
            recipe: self, geometry: geometry, options: options, isTied: !names.contains { $0?.role == .output })
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
    private let recipe: Recipe
    private let geometry: ModelGeometry
    private let options: RecipeOptions
    /// Whether the token embedding is the output matrix too.
    private let isTied: Bool
    private let overrides: [(argument: String, regex: Regex<AnyRegexOutput>, type: TensorType)]
    /// Tensors that reached the rules so far, by role.
    private var counts: [TensorRole: Int] = [:]

    init(recipe: Recipe, geometry: ModelGeometry, options: RecipeOptions, isTied: Bool) throws(RecipeError) {
        self.recipe = recipe
        self.geometry = geometry
        self.options = options
        self.isTied = isTied
        var overrides: [(argument: String, regex: Regex<AnyRegexOutput>, type: TensorType)] = []
        for override in options.overrides {
            overrides.append(("\(override.pattern)=\(override.type.name)", try override.regex(), override.type))
        }
        self.overrides = overrides
    }

    mutating func assignment(
        for tensor: TensorDescriptor, index: Int, name: TensorName?
    ) throws(RecipeError) -> TypeAssignment {
        let kept = Self.reasonToKeep(tensor)
        let (wanted, reason) = kept.map { (tensor.type, $0) } ?? decide(tensor, name)
        let rowLength = tensor.shape.rowLength
        let stored = wanted.storable(rowLength: rowLength)
        guard stored == wanted || options.allowsFallback else {
            throw RecipeError(
                .rowsAreNotBlocks(tensor: tensor.name, rowLength: rowLength, type: wanted, fallback: stored))
        }
        guard let result = TensorDescriptor(name: tensor.name, shape: tensor.shape, type: stored) else {
            throw RecipeError(.tooLarge(tensor: tensor.name))
        }
        let isExempt = kept != nil || name?.role == .tokenEmbedding || name?.role == .output
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

    private mutating func decide(_ tensor: TensorDescriptor, _ name: TensorName?) -> (TensorType, String) {
        let isEmbedding = name?.role == .tokenEmbedding
        let role = isEmbedding && isTied ? .output : name?.role
        if isEmbedding, let type = options.embeddingType { return (type, "the embedding type that was asked for") }
        if role == .output, let type = options.outputType { return (type, "the output type that was asked for") }
        if let override = overrides.first(where: { tensor.name.firstMatch(of: $0.regex) != nil }) {
            return (override.type, "override \(override.argument)")
        }
        if let role, !options.isPure {
            defer { counts[role, default: 0] += 1 }
            let rule = recipe.rules.first { rule in
                rule.roles.contains(role)
                    && rule.conditions.allSatisfy {
                        holds($0, rule: rule, layer: name?.layer, rowLength: tensor.shape.rowLength)
                    }
            }
            if let rule { return (rule.type, "\(recipe.name): \(rule.subject) (\(rule.reason))") }
        }
        return (recipe.baseType, "\(recipe.name): base type")
    }

    private func holds(_ condition: Recipe.Condition, rule: Recipe.Rule, layer: Int?, rowLength: Int) -> Bool {
        switch condition {
        case .minimumQueryGroupSize(let size): return geometry.queryGroupSize >= size
        case .minimumExpertCount(let count): return geometry.expertCount >= count
        case .expertCount(let count): return geometry.expertCount == count
        case .importance(let wanted): return options.hasImportance == wanted
        case .rowLengthIsNoMultiple(let length): return !rowLength.isMultiple(of: length)
        case .number(let numbering, let stretch):
            let running = rule.roles.reduce(0) { $0 + (counts[$1] ?? 0) }
            let number = numbering == .layer && geometry.expertCount > 1 ? layer ?? running : running
            return stretch.contains(number, of: geometry.layerCount)
        }
    }
}
