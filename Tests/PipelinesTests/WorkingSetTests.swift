import Calibration
import Evaluation
import Models
import Numerics
import Parallelism
import Pipelines
import Recipes
import Runtime
import TestSupport
import Testing

/// What use cases say that they need, against the memory that the system sees a process take.
///
/// Each measurement has a process of its own.
@Suite(.enabled("the system does not tell the peak") { PeakMemory.isKnown }) struct WorkingSetTests {
    @Test func evaluating() async { await #expect(processExitsWith: .success) { try Case().checkEvaluation() } }

    @Test func collectingImportance() async {
        await #expect(processExitsWith: .success) { try Case().checkImportance() }
    }

    @Test func collectingSecondMoments() async {
        await #expect(processExitsWith: .success) { try Case().checkHessian() }
    }

    @Test func fittingToTexts() async { await #expect(processExitsWith: .success) { try Case().checkTextFitting() } }

    @Test func measuringSensitivity() async {
        await #expect(processExitsWith: .success) { try Case().checkSensitivity() }
    }
}

/// A bundled model and texts of many windows for its size.
private struct Case {
    private let model: Model
    private let parallel = Parallel(threadCount: 2)
    private let texts: [EvaluationText]
    /// What allocators and the system's counters may be off by.
    private static let allocatorLoss = 8 << 20
    private let much = MemoryBudget(byteCount: 8 << 30)
    /// Too little for anything: the error says what is needed.
    private let nothing = MemoryBudget(byteCount: 1)

    init() throws {
        model = try Model.open(ReferenceModel.xverseMoE.path)
        texts = try ["fiction-en", "web-zh"].map {
            try EvaluationText(contentsOf: Fixtures.path("text/eval/\($0).txt"))
        }
    }

    private func cut(_ windowLimit: Int) -> WindowCut { WindowCut(context: 256, windowLimit: windowLimit) }

    private func activations(_ windowLimit: Int) -> ActivationCollection {
        ActivationCollection(cut: cut(windowLimit))
    }

    func checkEvaluation() throws {
        let lengths = TokenLengths(model.tokenizer)
        func run(_ windowLimit: Int) throws -> WorkingSet {
            let pass = try model.forwardPass(parallel, memory: much)
            let windows = try texts.map { try TokenWindows($0, tokenizer: model.tokenizer, cut: cut(windowLimit)) }
            _ = try ModelEvaluation().run([pass], texts: windows, lengths: lengths)
            return Self.batch(pass, windows.flatMap(\.windows))
        }
        _ = try run(1)
        let peak = try PeakMemory.of { try run(32) }
        expect(peak.result.byteCount, peak.byteCount)
    }

    func checkImportance() throws {
        func run(_ windowLimit: Int) throws -> WorkingSet {
            let pass = try model.forwardPass(parallel, memory: much)
            _ = try activations(windowLimit).importance(pass, tokenizer: model.tokenizer, texts: texts)
            return Self.batch(
                pass,
                try texts.flatMap {
                    try TokenWindows($0, tokenizer: model.tokenizer, cut: cut(windowLimit)).windows
                })
        }
        _ = try run(1)
        let peak = try PeakMemory.of { try run(32) }
        expect(peak.result.byteCount, peak.byteCount)
    }

    /// What one batch of all windows is reckoned to need.
    private static func batch(_ pass: ForwardPass, _ windows: [EvaluationWindow]) -> WorkingSet {
        let batches = WindowBatches(windows: windows, passes: [pass]) { _ in }
        return windows.reduce(batches.workingSet) { $0 + batches.workingSet(of: $1) }
    }

    func checkHessian() throws {
        try Fixtures.withTemporaryDirectory { folder in
            func run(_ windowLimit: Int, _ memory: MemoryBudget) throws {
                _ = try HessianCollection(activations(windowLimit), parallel: parallel, memory: memory)
                    .run(model, texts: texts, output: folder + "/hessian.gguf") { _ in }
            }
            try check(warm: { try run(1, much) }, within: { try run(32, $0) })
        }
    }

    func checkTextFitting() throws {
        try Fixtures.withTemporaryDirectory { folder in
            func run(_ windowLimit: Int, _ memory: MemoryBudget) throws {
                let fitting = TextFitting(CalibrationTexts(texts, cut: cut(windowLimit)), memory: memory)
                _ = try Quantization(recipe: try Recipe(named: "Q2_K"), parallel: parallel)
                    .plan(QuantizationInputs(model, guidance: .texts(fitting)))
                    .write(to: folder + "/\(windowLimit).gguf") { _ in }
            }
            try check(warm: { try run(1, much) }, within: { try run(16, $0) })
        }
    }

    func checkSensitivity() throws {
        func run(_ windowLimit: Int, _ memory: MemoryBudget) throws {
            let texts = CalibrationTexts(texts, cut: cut(windowLimit), heldOutCount: windowLimit / 2)
            _ = try SensitivityProbing(texts, compute: Compute(parallel: parallel, memory: memory)).run(model)
        }
        let pass = try model.forwardPass(parallel, memory: much)
        try check(
            warm: { _ = try activations(1).importance(pass, tokenizer: model.tokenizer, texts: texts) },
            within: { try run(2, $0) })
    }

    /// Holds the need that a refused run tells against what a run takes that has little more; some work is done in larger
    /// pieces where there is more.
    private func check(warm: () throws -> Void, within run: (MemoryBudget) throws -> Void) throws {
        try warm()
        let error = try #require(throws: CalibrationError.self) { try run(nothing) }
        let held = MemoryBudget.heldByteCount
        guard let needed = needed(error.kind) else { throw error }
        let peak = try PeakMemory.of { try run(MemoryBudget(byteCount: needed + Self.allocatorLoss)) }
        expect(needed - held, peak.byteCount)
    }

    private func needed(_ kind: CalibrationError.Kind) -> Int? {
        switch kind {
        case .statesTooLarge(let needed, _, _), .hessianTooLarge(let needed, _, _, _): needed
        default: nil
        }
    }

    /// Fails unless an estimate holds what was measured, and is not much larger.
    private func expect(_ estimate: Int, _ peak: Int) {
        #expect(estimate + 2 * Self.allocatorLoss >= peak, "\(estimate) of \(peak)")
        #expect(estimate <= 2 * peak + Self.allocatorLoss, "\(estimate) of \(peak)")
    }
}
