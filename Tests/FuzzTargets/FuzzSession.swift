import Files

/// A target at work, in a folder of its own that goes with it.
public final class FuzzSession {
    /// What became of an input that is not a finding.
    public enum Outcome: Sendable, Equatable {
        /// It was read, and used.
        case accepted
        /// It was refused with this error.
        case refused(Diagnostic)
    }

    /// The target that gets the inputs.
    public let target: FuzzTarget
    /// Inputs to begin with, most of which are accepted.
    public let seeds: [[UInt8]]
    private let reading: FuzzTarget.Reading

    /// Makes what all inputs of a target share.
    public init(_ target: FuzzTarget) throws {
        let workplace = try Workplace()
        self.target = target
        seeds = try target.seeds(workplace)
        reading = try target.prepare(workplace)
    }

    /// Gives the target an input.
    ///
    /// - Throws: ``FuzzFinding`` for an error that a user could not do anything with. Whatever else goes wrong ends the
    ///   process.
    public func run(_ bytes: [UInt8]) throws(FuzzFinding) -> Outcome {
        do {
            try reading(bytes)
            return .accepted
        } catch let finding as FuzzFinding {
            throw finding
        } catch let error as any DiagnosticError {
            let diagnostic = error.diagnostic
            guard target.faults.contains(diagnostic.fault) else {
                throw FuzzFinding("an error that blames \(diagnostic.fault): \(error)")
            }
            guard !target.namesFile || diagnostic.file?.isEmpty == false else {
                throw FuzzFinding("an error that names no file: \(error)")
            }
            guard !diagnostic.problem.isEmpty else { throw FuzzFinding("an error that says nothing") }
            return .refused(diagnostic)
        } catch {
            throw FuzzFinding("an error without a diagnostic, \(type(of: error)): \(error)")
        }
    }
}

/// What a target must never do, in words.
public struct FuzzFinding: Error, CustomStringConvertible {
    /// What happened.
    public let description: String

    init(_ description: String) { self.description = description }
}
