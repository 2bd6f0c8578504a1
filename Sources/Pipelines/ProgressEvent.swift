import Files
import Runtime

/// What a pipeline tells about its work while it runs.
public enum ProgressEvent: Sendable, Equatable {
    /// A new stage begins.
    case stage(String)
    /// The finished share of the stage, from 0 to 1.
    case fraction(Double)
    /// What a model's forward passes spent their time on, in all threads.
    case times(model: String, StageTimes)
    /// Something the user may like to know, and need do nothing about.
    case note(Message)
    /// Something the user should know; the work goes on.
    case warning(Message)
}

/// Receives events, from any thread.
public typealias ProgressHandler = @Sendable (ProgressEvent) -> Void
