import Digests
import Files
import FoundationEssentials
import Journals

/// A job divided into parts that need nothing of each other.
package struct PartPlan: Sendable, Equatable {
    /// What plans of this form say that they are.
    static let schema = "swage-plan/1"
    /// The most parts of a plan.
    package static let countLimit = 10_000

    /// The version of Swage that made the plan.
    package let version: String
    /// The words of the job's command line.
    package let job: [String]
    /// Where the job's relative paths begin, as a path from the plan's folder.
    package let directory: String
    /// What decides the result beside the job.
    package let identity: RunIdentity
    /// What the parts' ranges count.
    package let unit: PartUnit
    /// The parts, which have all units without gaps; at least one.
    package let parts: [PlannedPart]

    /// A plan of these contents.
    package init(
        version: String, job: [String], directory: String, identity: RunIdentity, unit: PartUnit, parts: [PlannedPart]
    ) {
        self.version = version
        self.job = job
        self.directory = directory
        self.identity = identity
        self.unit = unit
        self.parts = parts
    }

    /// Divides the units of a job.
    ///
    /// - Parameters:
    ///   - units: All units of the job, in order; at least as many as parts.
    ///   - count: The number of parts.
    package init(
        version: String, job: [String], directory: String, identity: RunIdentity, unit: PartUnit, units: [WorkUnit],
        count: Int
    ) throws(PlanError) {
        guard (1...Self.countLimit).contains(count) else { throw PlanError(.partCount(count, limit: Self.countLimit)) }
        guard count <= units.count else { throw PlanError(.tooFewUnits(units.count, unit, parts: count)) }
        let before = units.map(\.before)
        self.init(
            version: version, job: job, directory: directory, identity: identity, unit: unit,
            parts: PartBalance.cut(
                units.map(\.cost), before: before.contains { $0 > 0 } ? before : [], into: count
            ).map { range in
                let (first, last) = (units[range.lowerBound].name, units[range.upperBound - 1].name)
                return PlannedPart(
                    range: range, content: range.count == 1 ? first : "\(first) to \(last)",
                    cost: units[range].reduce(before[range.upperBound - 1]) { $0 + $1.cost })
            })
    }

    /// How many units all parts have together.
    package var unitCount: Int { parts.last?.range.upperBound ?? 0 }

    /// The cost of the most expensive part, as a multiple of the mean.
    package var imbalance: Double {
        let costs = parts.map(\.cost)
        let mean = costs.reduce(0, +) / Double(costs.count)
        return mean > 0 ? (costs.max() ?? 0) / mean : 1
    }

    /// The digest of all that the plan says, which parts name.
    package var digest: String { SHA256.hexadecimal(of: encoded) }

    // MARK: The file

    private struct Content: Encodable {
        struct Value: Encodable {
            let name, value: String
        }

        struct Part: Encodable {
            let first, count: Int
            let content: String
            let cost: Double
        }

        let schema, version: String
        let job: [String]
        let directory: String
        let identity: [Value]
        let unit: String
        let parts: [Part]
    }

    /// The plan as JSON.
    package var encoded: [UInt8] {
        let content = Content(
            schema: Self.schema, version: version, job: job, directory: directory,
            identity: identity.parts.map { .init(name: $0.name, value: $0.value) }, unit: unit.rawValue,
            parts: parts.map {
                .init(first: $0.range.lowerBound, count: $0.range.count, content: $0.content, cost: $0.cost)
            })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        guard let bytes = try? encoder.encode(content) else { preconditionFailure("texts and finite numbers are JSON") }
        return Array(bytes) + [0x0a]
    }

    /// Writes the plan.
    ///
    /// - Throws: `FileError` if it cannot be written.
    package func write(to path: String) throws {
        var file = try AtomicFile(path: path)
        try file.append(encoded)
        try file.commit()
    }
}

/// What a job is divided by.
package enum PartUnit: String, Sendable, CaseIterable {
    /// Tensors of a model, in its order.
    case tensors
    /// Windows of texts, in their order.
    case windows
    /// Windows of texts, sequences of tokens that choices of questions follow, and tensors whose weights are compared.
    case measurements
    /// Inputs of matrices, in the order of a forward pass.
    case sites
    /// Groups of matrices that are made coarser to see what that does.
    case probes
    /// Experts of each layer, in the order of how many tokens they get.
    case experts
}

/// The smallest piece of a job, which no part has less of.
package struct WorkUnit: Sendable, Equatable {
    /// What it is called.
    package let name: String
    /// What it takes; costs of one job can be compared with each other.
    package let cost: Double
    /// What a part takes beside its units if it ends with this one, in no unit less than in the one before.
    package let before: Double

    /// A unit of a name and a cost.
    package init(_ name: String, cost: Double, before: Double = 0) {
        self.name = name
        self.cost = cost
        self.before = before
    }
}

/// A part of a plan.
package struct PlannedPart: Sendable, Equatable {
    /// Its units, counted from 0.
    package let range: Range<Int>
    /// What they are, in words.
    package let content: String
    /// What they take; costs of one plan can be compared with each other.
    package let cost: Double

    /// A part of these units.
    package init(range: Range<Int>, content: String, cost: Double) {
        self.range = range
        self.content = content
        self.cost = cost
    }
}
