import Files
import Journals
import Parts

extension FuzzTarget {
    /// Jobs that are divided.
    static let plans: [FuzzTarget] = [
        FuzzTarget(
            "plan", .json,
            words: [
                "schema", "swage-plan/1", "version", "job", "directory", "identity", "name", "value", "unit", "tensors",
                "windows", "parts", "first", "count", "content", "cost", "..", "1e308",
            ]
        ) { _ in
            try [1, 3].map { count in
                var identity = RunIdentity()
                identity.add("the model's weights", "0123")
                return try PartPlan(
                    version: "0", job: ["quantize", "a.gguf", "-o", "b.gguf"], directory: ".", identity: identity,
                    unit: .tensors, units: (0..<5).map { WorkUnit("t\($0)", cost: Double($0) + 0.5) }, count: count
                ).encoded
            }
        } prepare: { workplace in
            { bytes in
                let path = try workplace.write(bytes, as: "plan.json")
                let plan = try PartPlan(contentsOf: path)
                try plan.write(to: path)
                guard try PartPlan(contentsOf: path) == plan else {
                    throw FuzzFinding("a plan that is another one after it was written")
                }
                let folder = try PartFolder(plan, at: PlanLocation(path), suffix: "gguf")
                for number in 1...min(3, plan.parts.count) { _ = try folder.state(ofPart: number) }
                _ = plan.imbalance
            }
        }
    ]
}
