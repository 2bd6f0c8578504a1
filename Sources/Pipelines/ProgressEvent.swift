import Files
import Runtime

/// What a use case tells about its work while it runs.
public enum ProgressEvent: Sendable, Equatable {
    /// A new step begins, of work that consists of several; stages follow.
    case step(WorkStep)
    /// A new stage begins.
    case stage(Stage)
    /// What all of the stage that has begun amounts to.
    case extent(WorkExtent)
    /// What the stage is at.
    case part(WorkPart)
    /// The finished share of the stage's work, from 0 to 1.
    case fraction(Double)
    /// What a model's forward passes spent their time on, in all threads.
    case times(model: String, PassTimes)
    /// Something the user may like to know, and need do nothing about.
    case note(Message)
    /// Something the user should know; the work goes on.
    case warning(Message)
}

/// Receives events, from any thread.
public typealias ProgressHandler = @Sendable (ProgressEvent) -> Void

/// One of the steps of a use case that makes several things in turn.
public struct WorkStep: Sendable, Equatable {
    /// The number of the step, counted from 1.
    public let number: Int
    /// How many steps there are.
    public let count: Int
    /// What the step makes, such as the path of a file.
    public let name: String
    /// How long the step will take, judged by samples; nil if that is not known.
    public let duration: Duration?
    /// How long all steps after this one will take; nil if that is not known.
    public let laterDuration: Duration?
}

/// The amount of a stage's work.
public enum WorkExtent: Sendable, Equatable {
    /// Bytes that are read or written.
    case bytes(Int)
    /// Tokens that a model reads.
    case tokens(Int)
    /// Weights that are encoded.
    case weights(Int)
}

/// What is being worked on within a stage.
public enum WorkPart: Sendable, Equatable {
    /// A layer, counted from 0, of so many.
    case layer(Int, count: Int)
    /// A tensor, by its name in a GGUF file.
    case tensor(String)
    /// A matrix of a layer, counted from 0, of so many: the name of its tensor, and the expert's number in that. The output
    /// is of no layer.
    case matrix(String, layer: Int?, layerCount: Int, expert: Int)
}

/// A part of a use case's work, and what it is done to; a face of the program finds words for it.
public enum Stage: Sendable, Equatable {
    /// Digesting a checkpoint's weights.
    case hashingWeights
    /// Writing a file of this path.
    case writing(path: String)
    /// Cutting a file into parts.
    case writingParts(count: Int)
    /// Making one file of parts.
    case joiningParts(count: Int)
    /// Seeing whether a file that is there already, of this path, can be kept.
    case checking(path: String)
    /// Fitting weights to texts, layer by layer.
    case calibrating
    /// Summing the squares of the inputs of a model's matrices.
    case collectingImportance
    /// Summing the products of the inputs of a model's matrices.
    case collectingSecondMoments
    /// Measuring what coarser types do to predictions, for groups of matrices.
    case probing(groupCount: Int)
    /// Measuring the errors of types in samples of the weights.
    case sampling(typeCount: Int)
    /// Measuring a quantized model on windows that nothing was fitted to.
    case measuringHeldOut
    /// Scoring texts with models of these names, and with the one that they are compared with.
    case evaluating(models: [String], reference: String?)
    /// Scoring the choices of questions with a model of this name.
    case answering(model: String)
    /// Comparing the weights of a model of this name with the original's.
    case comparing(model: String)
}
