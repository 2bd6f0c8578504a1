/// What went wrong, as data: where, what was found against what was expected, and what to do about it.
///
/// Modules describe their errors with it; the command line alone turns it into lines of text and an exit code.
public struct Diagnostic: Sendable, Equatable {
    /// Whose fault it is; decides the exit code.
    public enum Fault: Sendable, Equatable {
        /// The work itself failed.
        case work
        /// The request cannot be carried out as it was given.
        case usage
        /// An input file is damaged, incomplete or of a kind that is not supported.
        case input
        /// There is not enough disk space or memory.
        case room
        /// A check that the user asked for did not hold.
        case check
    }

    /// Whose fault the error is.
    public var fault: Fault
    /// The file concerned, if there is one.
    public var file: String?
    /// The place in the file: a tensor, a key, a byte offset, a line.
    public var place: String?
    /// What was found, and what was expected instead.
    public var problem: String
    /// What to do about it.
    public var advice: Message?

    /// Makes a diagnostic about a place.
    public init(_ fault: Fault, at place: Place, _ problem: String, advice: Message? = nil) {
        self.init(fault, file: place.file, place: place.part, problem, advice: advice)
    }

    /// Makes a diagnostic; the file, the place and the advice are left out where there is none.
    public init(_ fault: Fault, file: String? = nil, place: String? = nil, _ problem: String, advice: Message? = nil) {
        self.fault = fault
        self.file = file
        self.place = place
        self.problem = problem
        self.advice = advice
    }
}

/// Where something was found: in a file, and where in it.
public struct Place: Sendable, Equatable {
    public var file: String?
    /// A tensor, a key, a byte offset, a line.
    public var part: String?

    public init(file: String? = nil, part: String? = nil) {
        self.file = file
        self.part = part
    }
}

/// An error that can say what it is about.
public protocol DiagnosticError: Error, CustomStringConvertible {
    /// What went wrong, where, and what to do about it.
    var diagnostic: Diagnostic { get }
}

extension DiagnosticError {
    /// The file, the place and the problem on one line, separated by colons.
    public var description: String {
        [diagnostic.file, diagnostic.place, diagnostic.problem].compactMap { $0 }.joined(separator: ": ")
    }
}
