/// The description of an error as data: where it was found, what was found and expected, and what to do about it.
///
/// Modules describe their errors with it; the command line alone turns it into lines of text and an exit code.
public struct Diagnostic: Sendable, Equatable {
    /// The party whose fault an error is, which decides the exit code of the tool.
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

    /// The party whose fault the error is.
    public var fault: Fault
    /// The file concerned, if there is one.
    public var file: String?
    /// The place in the file: a tensor, a key, a byte offset, a line.
    public var place: String?
    /// The problem in words: what was found, and what was expected instead.
    public var problem: String
    /// Advice on what to do about the problem.
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

/// A place in a file, where something was found.
public struct Place: Sendable, Equatable {
    /// The path of the file, if it is known.
    public var file: String?
    /// The part of the file, if it is known: a tensor, a key, a byte offset, a line.
    public var part: String?

    /// Names a place; what is not known is left out.
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
