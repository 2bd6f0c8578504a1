import Tensors

extension Recipe {
    /// The recipe of least predicted KL divergence whose tensors take at most `byteLimit` bytes.
    ///
    /// - Parameters:
    ///   - name: The name of the recipe.
    ///   - byteLimit: The most bytes of all encoded tensors, each padded to GGUF's alignment.
    ///   - sensitivity: The cost of storing matrices in each type.
    ///   - tensors: The model's, of which those that `sensitivity` knows are chosen for; the others are as `options`
    ///     say, or as they are stored.
    ///   - geometry: The numbers of the model that rules ask about.
    ///   - options: Requests of the user, which are kept whatever they cost.
    /// - Throws: ``RecipeError`` if no choice is small enough.
    public init(
        _ name: String, byteLimit: Int, sensitivity: Sensitivity, tensors: [TensorDescriptor], geometry: ModelGeometry,
        options: RecipeOptions
    ) throws(RecipeError) {
        let stored = Recipe(name, base: .f16, rules: [Rule(type: nil, reason: "not measured")], importanceTypes: [])
        let plain = try stored.assignments(for: tensors, geometry: geometry, options: options)
        var fixedByteCount = 0
        var names: [String] = []
        var types: [[TensorType]] = []
        var items: [[BudgetSolver.Choice]] = []
        for assignment in plain {
            let tensor = assignment.tensor
            guard assignment.type == assignment.sourceType, let matrix = sensitivity[tensor.name] else {
                fixedByteCount += tensor.alignedByteCount
                continue
            }
            var choices = [(tensor.type, BudgetSolver.Choice(byteCount: tensor.alignedByteCount, cost: 0))]
            for type in matrix.errors.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
                guard tensor.shape.rowLength.isMultiple(of: type.blockLength),
                    let stored = TensorDescriptor(name: tensor.name, shape: tensor.shape, type: type),
                    let cost = sensitivity.cost(of: tensor.name, as: type)
                else { continue }
                choices.append((type, .init(byteCount: stored.alignedByteCount, cost: cost)))
            }
            names.append(tensor.name)
            types.append(choices.map(\.0))
            items.append(choices.map(\.1))
        }
        let solver = BudgetSolver(items: items)
        guard let found = solver.solve(byteLimit: byteLimit - fixedByteCount) else {
            let least = items.reduce(fixedByteCount) { $0 + $1.map(\.byteCount).min()! }
            throw RecipeError(.budgetTooSmall(byteLimit: byteLimit, leastByteCount: least))
        }
        var byType: [TensorType: Set<String>] = [:]
        for (index, choice) in found.enumerated() { byType[types[index][choice], default: []].insert(names[index]) }
        let rules = byType.sorted { $0.key.rawValue < $1.key.rawValue }.map {
            Rule(names: $1, type: $0, reason: "least predicted loss for the budget")
        }
        let base = byType.max { ($0.value.count, $1.key.rawValue) < ($1.value.count, $0.key.rawValue) }?.key ?? .f16
        self.init(
            name, base: base, rules: rules + [Rule(type: nil, reason: "not measured")])
    }
}
