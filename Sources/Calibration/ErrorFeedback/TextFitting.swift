import Evaluation
import ModelArchitecture
import Numerics
import Runtime
import Tensors

/// Quantizes a model layer by layer while texts run through it, with error feedback.
///
/// Two models see the texts side by side: the original, and the one that is being quantized. Each matrix is encoded for the
/// inputs that it gets in the second, to answer what the first answers: its weights make up for what the quantized
/// layers before it changed (as in GPTAQ, arXiv 2504.02692), and errors of its columns are fed forward into later ones
/// (GPTQ, arXiv 2210.17323; LDLQ, arXiv 2307.13304). The states of all windows stay in memory. Matrices of more columns than
/// `ColumnBlocks.greatestWidth` are fitted one block of columns after the other.
public struct TextFitting: Sendable {
    /// The texts, of which windows that are held out are left to measure on.
    public var texts: CalibrationTexts
    /// How matrices are encoded.
    public var policy: CalibrationPolicy
    /// What the process may use.
    public var memory: MemoryBudget

    /// A fitting to texts.
    ///
    /// - Parameters:
    ///   - texts: The texts, of which windows that are held out are left to measure on.
    ///   - policy: How matrices are encoded.
    ///   - memory: What the process may use.
    public init(
        _ texts: CalibrationTexts, policy: CalibrationPolicy = CalibrationPolicy(), memory: MemoryBudget = .available
    ) {
        self.texts = texts
        self.policy = policy
        self.memory = memory
    }

    /// Fails if the states of all windows and the largest matrices do not fit.
    ///
    /// - Parameters:
    ///   - pass: The original model.
    ///   - targets: What all tensors of the model become.
    ///   - sequences: The tokens of each window.
    ///   - threadCount: The threads that share the work.
    /// - Throws: ``CalibrationError`` with what is needed.
    package func checkMemory(
        _ pass: ForwardPass, _ targets: [TensorDescriptor], _ sequences: [TokenSequence], threadCount: Int
    ) throws {
        let size = BatchSize(sequences)
        let paired = PairedPass.workingSet(pass, size)
        let calibrator = LayerCalibrator.workingSet(
            targets, pass.plan, policy, rowCount: size.tokenCount, threadCount: threadCount)
        let embedding = targets.first { $0.name == TensorName(.tokenEmbedding).gguf && $0.type.isQuantized }
        let held =
            paired.kept + calibrator.kept + WorkingSet("encoded embedding", byteCount: embedding?.byteCount ?? 0)
        try memory.demand(held + .largest([paired.matrices, calibrator.site])) {
            CalibrationError(
                .statesTooLarge(neededByteCount: $0, budgetByteCount: $1, windowCount: sequences.count))
        }
    }
}
