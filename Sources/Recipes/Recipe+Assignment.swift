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
        var overrides: [(pattern: String, regex: Regex<AnyRegexOutput>, type: TensorType)] = []
        for override in options.overrides {
            overrides.append((override.pattern, try override.regex(), override.type))
        }
        let places = tensors.map { TensorName(gguf: $0.name) }
        let isTied = !places.contains { $0?.role == .output }
        var counts: [TensorRole: Int] = [:]
        var assignments = [TypeAssignment?](repeating: nil, count: tensors.count)

        for index in Self.numberingOrder(tensors, places) {
            let tensor = tensors[index]
            let place = places[index]
            let isEmbedding = place?.role == .tokenEmbedding
            let role = isEmbedding && isTied ? .output : place?.role
            let decision: (type: TensorType, reason: String)
            if let reason = Self.reasonToKeep(tensor) {
                decision = (tensor.type, reason)
            } else if isEmbedding, let type = options.embeddingType {
                decision = (type, "the embedding type that was asked for")
            } else if role == .output, let type = options.outputType {
                decision = (type, "the output type that was asked for")
            } else if let match = overrides.first(where: { tensor.name.firstMatch(of: $0.regex) != nil }) {
                decision = (match.type, "override \(match.pattern)=\(match.type.name)")
            } else if let role, !options.isPure {
                let subject = Subject(
                    role: role, layer: place?.layer, rowLength: tensor.shape.rowLength, geometry: geometry,
                    hasImportance: options.hasImportance, counts: counts)
                if let rule = rules.first(where: subject.satisfies) {
                    decision = (rule.type, "\(name): \(rule.subject) (\(rule.reason))")
                } else {
                    decision = (baseType, "\(name): base type")
                }
                counts[role, default: 0] += 1
            } else {
                decision = (baseType, "\(name): base type")
            }

            let stored = decision.type.storable(rowLength: tensor.shape.rowLength)
            guard stored == decision.type || options.allowsFallback else {
                throw RecipeError(
                    .rowsAreNotBlocks(
                        tensor: tensor.name, rowLength: tensor.shape.rowLength, type: decision.type, fallback: stored))
            }
            guard let result = TensorDescriptor(name: tensor.name, shape: tensor.shape, type: stored) else {
                throw RecipeError(.tooLarge(tensor: tensor.name))
            }
            let isExempt = isEmbedding || role == .output || Self.reasonToKeep(tensor) != nil
            assignments[index] = TypeAssignment(
                index: index, tensor: result, sourceType: tensor.type, reason: decision.reason,
                fallbackFrom: stored == decision.type ? nil : decision.type,
                needsImportance: !isExempt && importanceTypes.contains(stored))
        }
        return assignments.compactMap { $0 }
    }

    /// The order in which llama.cpp numbers tensors: those outside the layers, then by layer, then by name.
    private static func numberingOrder(_ tensors: [TensorDescriptor], _ places: [TensorName?]) -> [Int] {
        tensors.indices.sorted { a, b in
            let (layerA, layerB) = (places[a]?.layer ?? -1, places[b]?.layer ?? -1)
            return layerA != layerB
                ? layerA < layerB : tensors[a].name.utf8.lexicographicallyPrecedes(tensors[b].name.utf8)
        }
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
}

/// A tensor as the rules see it.
private struct Subject {
    let role: TensorRole
    let layer: Int?
    let rowLength: Int
    let geometry: ModelGeometry
    let hasImportance: Bool
    /// Tensors that reached the rules before, by role.
    let counts: [TensorRole: Int]

    func satisfies(_ rule: Recipe.Rule) -> Bool {
        rule.roles.contains(role) && rule.conditions.allSatisfy { holds($0, for: rule.roles) }
    }

    private func holds(_ condition: Recipe.Condition, for roles: [TensorRole]) -> Bool {
        switch condition {
        case .minimumQueryGroupSize(let size): return geometry.queryGroupSize >= size
        case .minimumExpertCount(let count): return geometry.expertCount >= count
        case .expertCount(let count): return geometry.expertCount == count
        case .importance(let wanted): return hasImportance == wanted
        case .rowLengthIsNoMultiple(let length): return !rowLength.isMultiple(of: length)
        case .number(let numbering, let stretch):
            let running = roles.reduce(0) { $0 + (counts[$1] ?? 0) }
            let number = numbering == .layer && geometry.expertCount > 1 ? layer ?? running : running
            return stretch.contains(number, of: geometry.layerCount)
        }
    }
}
