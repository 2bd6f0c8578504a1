import ModelArchitecture
import Runtime

/// Runs windows through a model in batches whose hidden states fit a bound.
struct WindowBatches {
    let pass: ForwardPass
    let windows: [TokenSequence]
    let progress: @Sendable (_ fraction: Double) -> Void

    /// Bytes of hidden states, before and after a norm, held at once.
    private static let hiddenByteLimit = 1 << 30

    /// Calls `body` with each batch's range of windows and its final hidden states, in order.
    func forEach(
        observer: (any ActivationObserver)? = nil, _ body: (Range<Int>, HiddenStates) throws -> Void
    ) throws {
        guard let context = windows.first?.count else { return }
        let length = max(1, Self.hiddenByteLimit / (context * pass.plan.embeddingLength * 8))
        let layers = Double(pass.plan.layerCount + 1)
        var start = 0
        while start < windows.count {
            let range = start..<min(windows.count, start + length)
            let (done, share) = (Double(start) / Double(windows.count), Double(range.count) / Double(windows.count))
            let hidden = try pass.run(Array(windows[range]), observer: observer) { [progress] layer, _ in
                progress(done + share * Double(layer + 1) / layers)
            }
            try body(range, hidden)
            progress(done + share)
            start = range.upperBound
        }
    }
}
