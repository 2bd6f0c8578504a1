import ModelArchitecture
import Runtime

/// Cuts windows into batches whose hidden states fit a bound, and runs them.
struct WindowBatches {
    let windows: [TokenSequence]
    /// Models that hold hidden states at the same time.
    var modelCount = 1
    /// Passes through all layers that are made of each batch.
    var passCount = 1
    let progress: @Sendable (_ fraction: Double) -> Void

    /// Bytes of hidden states, before and after a norm, held at once.
    private static let hiddenByteLimit = 1 << 30

    /// Calls `body` with each batch's range of windows, in order.
    func forEach(embeddingLength: Int, _ body: (Range<Int>) throws -> Void) throws {
        guard let context = windows.first?.count else { return }
        let length = max(1, Self.hiddenByteLimit / (modelCount * context * embeddingLength * 8))
        for start in stride(from: 0, to: windows.count, by: length) {
            try body(start..<min(windows.count, start + length))
        }
    }

    /// Runs one batch through a model.
    ///
    /// - Parameter passNumber: how many passes of this batch came before.
    func run(
        _ range: Range<Int>, through pass: ForwardPass, passNumber: Int = 0,
        observer: (any ActivationObserver)? = nil
    ) throws -> HiddenStates {
        let layers = Double(pass.plan.layerCount + 1)
        let whole = Double(windows.count * passCount)
        let done = Double(range.lowerBound * passCount + passNumber * range.count) / whole
        let share = Double(range.count) / whole
        return try pass.run(Array(windows[range]), observer: observer) { [progress] layer, _ in
            progress(done + share * Double(layer + 1) / layers)
        }
    }
}
