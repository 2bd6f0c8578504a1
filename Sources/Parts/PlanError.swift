import Files

/// A plan, or a part of one, that cannot be used.
package struct PlanError: DiagnosticError, Equatable {
    /// What is wrong, with what was found.
    package enum Kind: Sendable, Equatable {
        /// The file is no plan, or a member of it is not what it has to be.
        case malformed(expected: String)
        /// The number of parts that was asked for.
        case partCount(Int, limit: Int)
        /// The job has fewer units than parts were asked for.
        case tooFewUnits(Int, PartUnit, parts: Int)
        /// Another version made the plan.
        case otherVersion(found: String, current: String)
        /// What decides the result is not what the plan says; the names of what differs.
        case changed([String])
        /// The plan has no part of the number.
        case noSuchPart(Int, count: Int)
        /// The folder that the job's paths begin in is not there.
        case noDirectory
        /// An output of the job does not lie below the plan's folder.
        case outputOutside(folder: String)
        /// The parts with these numbers are not there.
        case missing([Int])
        /// A part is there, and cannot be used.
        case unusable(part: Int, PartProblem)
        /// Parts were computed on processors whose last bits differ: the parts' numbers by kind.
        case mixedProcessors([String: [Int]])
    }

    /// What is wrong.
    package let kind: Kind
    /// The plan, the part's file or the output.
    package let path: String?
    /// The place in the file.
    package let place: String?

    /// An error of a plan, a part or an output.
    package init(_ kind: Kind, path: String? = nil, place: String? = nil) {
        self.kind = kind
        self.path = path
        self.place = place
    }

    /// The error in words: the file, what is wrong with it, and what to do.
    package var diagnostic: Diagnostic {
        switch kind {
        case .malformed(let expected):
            Diagnostic(
                .input, file: path, place: place, "it is no plan that can be read: \(expected) expected",
                advice: "make it again with \(run: .planParts)")
        case .partCount(let count, let limit):
            Diagnostic(.usage, "a job has from 1 to \(limit) parts, not \(count)")
        case .tooFewUnits(let count, let unit, let parts):
            Diagnostic(
                .usage, "the job has \(count) \(unit.rawValue), which \(parts) parts cannot divide",
                advice: "ask for at most \(count) parts")
        case .otherVersion(let found, let current):
            Diagnostic(
                .usage, file: path, "version \(found) made the plan, and this is \(current)",
                advice: "use the same version for all parts, or make the plan again with \(run: .planParts)")
        case .changed(let names):
            Diagnostic(
                .input, file: path, "the job is not what was planned: it differs in \(names.joined(separator: ", "))",
                advice: "restore what was planned, or make the plan again with \(run: .planParts)")
        case .noSuchPart(let number, let count):
            Diagnostic(.usage, file: path, "it has parts 1 to \(count), and none with the number \(number)")
        case .noDirectory:
            Diagnostic(
                .input, file: path, "the folder that the job's paths begin in is not there, or no folder",
                advice: "keep the plan where it was made, as seen from the job's files")
        case .outputOutside(let folder):
            Diagnostic(
                .usage, file: path, "the job would write outside of the plan's folder, \(folder)",
                advice: "put the plan beside the job's outputs")
        case .missing(let numbers):
            Diagnostic(
                .usage, file: path, "\(Self.list(numbers)) not there yet",
                advice: "do what is missing with \(run: .runPart)")
        case .unusable(let part, let problem):
            Diagnostic(
                .input, file: path, "part \(part): \(problem.words)",
                advice: "do part \(part) again with \(run: .runPart) and \(.isRestarting)")
        case .mixedProcessors(let kinds):
            Diagnostic(
                .input, file: path,
                "parts were computed on processors whose last bits differ: "
                    + kinds.sorted { $0.key < $1.key }.map { "\(Self.list($0.value, verb: "")) on \($0.key)" }
                    .joined(separator: ", "),
                advice: "do the parts of one kind again on the other with \(run: .runPart) and \(.isRestarting)")
        }
    }

    /// `part 3 is`, `parts 3, 5 are`.
    private static func list(_ numbers: [Int], verb: String? = nil) -> String {
        let shown = numbers.prefix(20).map(String.init).joined(separator: ", ")
        let more = numbers.count > 20 ? " and \(numbers.count - 20) more" : ""
        let verb = (verb ?? (numbers.count == 1 ? " is" : " are"))
        return "\(numbers.count == 1 ? "part" : "parts") \(shown)\(more)\(verb)"
    }
}

/// Why a part that is there cannot be used.
package enum PartProblem: Sendable, Equatable {
    /// The file or its record is a link, a folder, or no record that can be read.
    case foreign
    /// It is of another plan.
    case otherPlan
    /// Another version made it.
    case otherVersion(found: String, expected: String)
    /// The file is not as long as it was when it was complete.
    case cutOff(byteCount: Int, expected: Int)
    /// The file's bytes are not what they were.
    case damaged

    /// The problem in words.
    package var words: String {
        switch self {
        case .foreign: "what bears its name was not made by a run of a plan"
        case .otherPlan: "it is of another plan"
        case .otherVersion(let found, let expected): "version \(found) made it, and the plan is of \(expected)"
        case .cutOff(let count, let expected): "it has \(count) bytes, and had \(expected) when it was complete"
        case .damaged: "its bytes are not those that were written"
        }
    }
}
