import Foundation
import FuzzTargets
import TestSupport
import Testing

/// The targets of `make fuzz` with a few thousand inputs, the same ones each time.
@Suite struct FuzzTargetTests {
    /// Inputs for each target; those that take long get fewer.
    private static let inputCount = 200

    @Test(arguments: FuzzTarget.all.map(\.name))
    func changedInputs(name: String) throws {
        let session = try FuzzSession(try #require(FuzzTarget.named(name)))
        var acceptedCount = 0
        for seed in session.seeds where try session.run(seed) == .accepted { acceptedCount += 1 }
        #expect(acceptedCount > 0, "none of the inputs to begin with is accepted")
        var mutator = Mutator(session, seed: 1)
        for number in 0..<Self.inputCount {
            let bytes = mutator.next()
            do {
                _ = try session.run(bytes)
            } catch {
                Issue.record("input \(number): \(error)\n\(Data(bytes).base64EncodedString())")
            }
        }
    }
}
