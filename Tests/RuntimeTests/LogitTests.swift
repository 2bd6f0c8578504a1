import ByteJSON
import Runtime
import Testing

/// Softmax over a vocabulary, against PyTorch.
@Suite struct LogitTests {
    @Test func logProbabilities() throws {
        let rows = try LayerCase.logitRows()
        #expect(rows.count == 27)
        for row in rows {
            let logits = try LayerCase.numbers(row["logits"])
            let tokens = try #require(row["tokens"]?.array).map { Int32(try #require($0.integer)) }
            let expected = try #require(row["logProbabilities"]?.array).map { try #require($0.double) }
            let sum = try #require(row["logSum"]?.double)
            let best = try #require(row["best"]?.integer)
            logits.withUnsafeBufferPointer { logits in
                #expect(abs(LogProbability.logSumExp(logits) - sum) < 1e-6 * max(1, abs(sum)))
                #expect(logits[LogProbability.mostProbable(logits)] == logits[Int(best)])
                for (token, value) in zip(tokens, expected) {
                    let found = LogProbability.of(token, logits: logits)
                    #expect(abs(found - value) < 1e-6 * max(1, abs(value)), "token \(token) of \(logits.count)")
                }
            }
        }
    }
}
