import Numerics
import Runtime
import TestSupport
import Testing

/// What a budget counts as held, and what it leaves.
@Suite(.enabled("the system does not tell what is held") { PeakMemory.isKnown }) struct MemoryBudgetTests {
    @Test func countsWhatTheProcessHolds() async {
        await #expect(processExitsWith: .success) {
            let before = MemoryBudget.heldByteCount
            let buffer = FloatBuffer(repeating: 1, count: 16 << 20)
            let grown = MemoryBudget.heldByteCount - before
            #expect((60 << 20..<80 << 20).contains(grown), "\(grown)")
            #expect(buffer.count == 16 << 20)
        }
    }

    @Test func sharesOutWhatIsLeft() {
        let budget = MemoryBudget(byteCount: 64 << 30)
        let gibibyte = WorkingSet("states", byteCount: 1 << 30)
        #expect((48...63).contains(budget.count(of: gibibyte)))
        #expect(budget.count(of: gibibyte, beside: 64 * gibibyte) == 0)
        #expect(budget.room(beside: 64 * gibibyte) < 0)
        #expect(throws: RuntimeError.self) {
            try budget.demand(64 * gibibyte) {
                RuntimeError(.notEnoughMemory(neededByteCount: $0, budgetByteCount: $1))
            }
        }
        #expect(throws: Never.self) {
            try budget.demand(32 * gibibyte) {
                RuntimeError(.notEnoughMemory(neededByteCount: $0, budgetByteCount: $1))
            }
        }
    }
}
