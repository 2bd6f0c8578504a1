import ModelArchitecture
import Tensors

extension Recipe {
    /// A rule of a recipe: the type of the tensors that it is about, if all its conditions hold.
    public struct Rule: Sendable, Hashable, CustomStringConvertible {
        /// The roles that the rule is about; empty for any. A token embedding that is also the output matrix has the
        /// role `output`.
        public let roles: [TensorRole]
        /// The names of the tensors that the rule is about; empty for any.
        public let names: Set<String>
        /// The expression that is found in the names of the tensors that the rule is about; nil for any name.
        public let pattern: NamePattern?
        /// The conditions that must all hold for the rule to apply, each kind at most once.
        public let conditions: [Condition]
        /// The type of the tensors that the rule is about; nil leaves them as they are stored.
        public let type: TensorType?
        /// The reason for the rule, in words for people; it may be empty.
        public let reason: String

        /// Makes a rule about the tensors that `roles`, `names` and `pattern` all allow; each kind of condition may be
        /// there once.
        public init(
            roles: [TensorRole] = [], names: Set<String> = [], pattern: NamePattern? = nil,
            conditions: [Condition] = [], type: TensorType?, reason: String
        ) {
            precondition(Set(conditions.map(\.field.name)).count == conditions.count, "two conditions of one kind")
            self.roles = roles
            self.names = names
            self.pattern = pattern
            self.conditions = conditions
            self.type = type
            self.reason = reason
        }

        init(_ roles: [TensorRole], _ conditions: Condition..., type: TensorType, reason: String) {
            self.init(roles: roles, conditions: conditions, type: type, reason: reason)
        }

        /// The rule in words: its tensors, its conditions, its type and its reason.
        public var description: String {
            "\(subject): \(type?.name ?? "as stored")\(reason.isEmpty ? "" : " (\(reason))")"
        }

        /// What the rule is about, without its type and reason.
        var subject: String {
            var parts = roles.isEmpty ? [] : [roles.map(\.stem).joined(separator: ", ")]
            if !names.isEmpty { parts.append(names.count == 1 ? names.first! : "\(names.count) tensors by name") }
            if let pattern { parts.append("names with \(pattern)") }
            if parts.isEmpty { parts.append("every tensor") }
            return (parts + conditions.map(\.description)).joined(separator: ", ")
        }

        /// Whether the rule is about a tensor, as far as that does not depend on its number.
        func covers(name: String, role: TensorRole?) -> Bool {
            if !roles.isEmpty {
                guard let role, roles.contains(role) else { return false }
            }
            return (names.isEmpty || names.contains(name)) && pattern?.finds(name) ?? true
        }
    }
}
