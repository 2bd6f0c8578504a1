import Files
import Foundation
import Journals
import Parts
import TestSupport
import Testing

/// Plans and their files.
@Suite struct PartPlanTests {
    private static func plan(_ count: Int = 2) throws -> PartPlan {
        var identity = RunIdentity()
        identity.add("the model's weights", "ab\\cd")
        identity.add("the texts", "né 1")
        return try PartPlan(
            version: "1.2.3", job: ["quantize", "a b.gguf", "-o", "out.gguf"], directory: "../work", identity: identity,
            unit: .tensors, units: [WorkUnit("a", cost: 1.25), WorkUnit("b", cost: 1), WorkUnit("c", cost: 2)],
            count: count)
    }

    @Test func isReadAsItWasWritten() throws {
        try Fixtures.withTemporaryDirectory { folder in
            let plan = try Self.plan()
            #expect(plan.parts.map(\.range) == [0..<2, 2..<3])
            #expect(plan.parts.map(\.content) == ["a to b", "c"] && plan.parts.map(\.cost) == [2.25, 2])
            #expect(plan.unitCount == 3 && plan.imbalance == 2.25 / 2.125)
            try plan.write(to: "\(folder)/plan.json")
            let read = try PartPlan(contentsOf: "\(folder)/plan.json")
            #expect(read == plan && read.digest == plan.digest)
            #expect(try Self.plan(3).digest != plan.digest)
        }
    }

    /// A part that ends with a unit takes what that has before it.
    @Test func costsOfWhatIsBefore() throws {
        let plan = try PartPlan(
            version: "1", job: ["imatrix"], directory: ".", identity: RunIdentity(), unit: .sites,
            units: [
                WorkUnit("a", cost: 4, before: 1), WorkUnit("b", cost: 1, before: 2), WorkUnit("c", cost: 1, before: 3),
            ], count: 2)
        #expect(plan.parts.map(\.range) == [0..<1, 1..<3] && plan.parts.map(\.cost) == [5, 5])
    }

    @Test func countsThatCannotBe() throws {
        #expect(throws: PlanError(.tooFewUnits(3, .tensors, parts: 4))) { _ = try Self.plan(4) }
        #expect(throws: PlanError(.partCount(0, limit: 10_000))) { _ = try Self.plan(0) }
        #expect(throws: PlanError(.partCount(.max, limit: 10_000))) { _ = try Self.plan(.max) }
        let error = #expect(throws: PlanError.self) { _ = try Self.plan().part(3, path: "p") }
        #expect(error?.diagnostic.problem == "it has parts 1 to 2, and none with the number 3")
    }

    /// What is changed in a plan, and the place that the error names.
    @Test(arguments: [
        (#""schema" : "swage-plan/1""#, #""schema" : "swage-plan/2""#, "schema"),
        (#""unit" : "tensors""#, #""unit" : "atoms""#, "unit"),
        (#""directory" : "../work""#, #""directory" : "/etc""#, "directory"),
        (#""directory" : "../work""#, #""directory" : """#, "directory"),
        (#""version" : "1.2.3""#, #""version" : 1"#, "version"),
        (#""version" : "1.2.3""#, #""version" : "1.2.3", "extra" : 1"#, "extra"),
        (#""first" : 2"#, #""first" : 3"#, "parts[1].first"),
        (#""count" : 1"#, #""count" : 0"#, "parts[1].count"),
        (#""count" : 1"#, #""count" : 9223372036854775807"#, "parts[1].count"),
        (#""cost" : 2,"#, #""cost" : -1,"#, "parts[1].cost"),
        (#""cost" : 2,"#, #""cost" : 1e999,"#, "parts[1].cost"),
        (#""quantize","#, #"1,"#, "job[0]"),
        (#""name" : "the texts""#, #""name" : null"#, "identity[1].name"),
    ]) func whatIsNoPlan(found: String, changed: String, place: String) throws {
        try Conformance.row("inputs/plan-strict")
        try Fixtures.withTemporaryDirectory { folder in
            let text = String(decoding: try Self.plan().encoded, as: UTF8.self)
            try #require(text.contains(found))
            let path = "\(folder)/plan.json"
            try Data(text.replacing(found, with: changed).utf8).write(to: URL(filePath: path))
            let error = #expect(throws: PlanError.self) { _ = try PartPlan(contentsOf: path) }
            #expect(error?.place == place && error?.diagnostic.fault == .input && error?.path == path)
        }
    }

    @Test(arguments: ["", "[", "[]", "{}", #"{"schema":"swage-plan/1"}"#]) func noPlanAtAll(text: String) throws {
        try Fixtures.withTemporaryDirectory { folder in
            let path = "\(folder)/plan.json"
            try Data(text.utf8).write(to: URL(filePath: path))
            let error = #expect(throws: (any Error).self) { _ = try PartPlan(contentsOf: path) } as? any DiagnosticError
            #expect(error?.diagnostic.fault == .input && error?.diagnostic.file == path)
        }
    }

    @Test func versionsAndInputsMustAgree() throws {
        let plan = try Self.plan()
        try plan.check(plan.identity, version: "1.2.3", path: "p")
        #expect(throws: PlanError(.otherVersion(found: "1.2.3", current: "2.0.0"), path: "p")) {
            try plan.check(plan.identity, version: "2.0.0", path: "p")
        }
        var other = RunIdentity()
        other.add("the model's weights", "ab\\cd")
        other.add("the texts", "né 2")
        #expect(throws: PlanError(.changed(["the texts"]), path: "p")) {
            try plan.check(other, version: "1.2.3", path: "p")
        }
    }
}
