/// The families that can be read. A new one is a file in `Architectures/` and a line here.
enum CheckpointArchitectures {
    static let all: [any CheckpointArchitecture.Type] = [
        XverseMoE.self, Xverse.self, Mixtral.self, Llama.self, Mistral.self,
    ]

    /// Refuses classes that no family here is of.
    static func check(_ configuration: CheckpointConfiguration) throws {
        guard !all.contains(where: { $0.isOf(configuration) }) else { return }
        let known = all.flatMap { type in
            type.classNames.map { type.variant.isEmpty ? $0 : "\($0) \(type.variant)" }
        }
        throw CheckpointError(
            .unsupportedArchitecture(found: configuration.architectures, known: known), file: configuration.path)
    }

    /// The family of a checkpoint that passed ``check(_:)``.
    static func architecture(for description: CheckpointDescription) throws -> any CheckpointArchitecture {
        let types = all.filter { $0.isOf(description.configuration) }
        guard let type = types.first(where: { $0.matches(description) }) else {
            preconditionFailure("one of the families of a class matches")
        }
        return try type.init(description.completed(by: type.defaults))
    }
}

extension CheckpointArchitecture {
    /// Whether the configuration names one of the family's classes.
    fileprivate static func isOf(_ configuration: CheckpointConfiguration) -> Bool {
        configuration.architectures.contains { classNames.contains($0) }
    }
}
