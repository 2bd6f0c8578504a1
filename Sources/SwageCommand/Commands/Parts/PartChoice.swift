import ArgumentParser
import Files
import Foundation

/// A part by its number, or the one that a scheduler asks for.
enum PartChoice: ExpressibleByArgument {
    case number(Int)
    case automatic

    private static let word = "auto"

    init?(argument: String) {
        if argument == Self.word {
            self = .automatic
        } else if let number = Int(argument), number >= 1 {
            self = .number(number)
        } else {
            return nil
        }
    }

    /// The part's number, counted from 1.
    ///
    /// - Throws: ``NotDivisible`` if no scheduler asks for one.
    func number(_ environment: [String: String]) throws -> Int {
        switch self {
        case .number(let number): return number
        case .automatic:
            for (name, first) in Self.variables {
                guard let text = environment[name], !text.isEmpty else { continue }
                guard let number = Int(text), (first...1 << 24).contains(number) else {
                    throw NotDivisible(problem: "\(name) is \"\(text)\", which is no part's number")
                }
                return number - first + 1
            }
            throw NotDivisible(
                problem: "--part auto needs a scheduler that says which part it asks for: "
                    + Self.variables.map(\.name).joined(separator: " or ") + " is not set")
        }
    }

    /// What schedulers say, and the number that they give the first part.
    private static let variables = [(name: "SLURM_ARRAY_TASK_ID", first: 1), (name: "JOB_COMPLETION_INDEX", first: 0)]
}
