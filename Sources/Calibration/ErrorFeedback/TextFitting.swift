import ErrorFeedback
import Evaluation
import ModelArchitecture
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
    ///   - plan: The model.
    ///   - shapes: The shapes of the model's tensors.
    ///   - tokenCount: The tokens of all windows together.
    ///   - windowCount: The windows, for the message.
    package func checkMemory(
        _ plan: DecoderPlan, _ shapes: [TensorShape], tokenCount: Int, windowCount: Int
    ) throws {
        let cuts = Set(shapes.map(\.rowLength)).map { policy.columnBlocks.ranges(of: $0) }
        let width = cuts.joined().map(\.count).max() ?? plan.embeddingLength
        // Moments in float32 and the factors made of them in float64, and the largest matrices.
        var matrices = 40 * width * width + PairedMoments.roundedByteCount(columns: width)
        let parted = cuts.filter { $0.count > 1 }
        if let widest = parted.joined().map(\.count).max() {
            // What experts have seen together in the other blocks (at two sites), and a matrix in float32, which the square
            // of its own width no longer covers.
            let others = (parted.map(\.count).max() ?? 1) - 1
            let largest = shapes.map { $0.dimensions.prefix(2).reduce(1, *) }.max() ?? 0
            matrices += 8 * others * widest * widest + 4 * largest
        }
        let needed =
            MemoryBudget.heldByteCount + tokenCount * PairedPass.byteCountPerToken(plan) + matrices
        guard needed <= memory.byteCount else {
            throw CalibrationError(
                .statesTooLarge(
                    neededByteCount: needed, budgetByteCount: memory.byteCount, windowCount: windowCount))
        }
    }
}
