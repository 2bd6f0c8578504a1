import ModelArchitecture

extension Recipe {
    /// The recipe with the requests of `options` as rules before all others.
    ///
    /// The order is llama-quantize's: tensors that are left alone, the types of embedding and output, then the
    /// overrides, each in its order. Importance and fallback types are not part of a recipe.
    public func applying(_ options: RecipeOptions) -> Recipe {
        let (embedding, output) = (TensorName(.tokenEmbedding).gguf, TensorName(.output).gguf)
        let outputReason = "the output type that was asked for"
        var requests: [Rule] = []
        if options.leavesOutput {
            requests.append(Rule(names: [output], type: nil, reason: "output left as it is, as was asked for"))
        }
        if let type = options.embeddingType {
            requests.append(Rule(names: [embedding], type: type, reason: "the embedding type that was asked for"))
        }
        if let type = options.outputType { requests.append(Rule(names: [output], type: type, reason: outputReason)) }
        requests += options.overrides.map {
            Rule(pattern: $0.pattern, type: $0.type, reason: "override \($0.pattern)=\($0.type.name)")
        }
        // For an embedding that is the output matrix too, which an override may name.
        if let type = options.outputType { requests.append(Rule(roles: [.output], type: type, reason: outputReason)) }
        return Recipe(
            name, fileType: fileType, base: baseType, rules: requests + (options.isPure ? [] : rules),
            importanceTypes: importanceTypes)
    }
}
