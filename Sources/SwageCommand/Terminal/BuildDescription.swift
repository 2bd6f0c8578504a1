import CBuild
import Models
import Numerics

/// What the program is, what it was compiled for, and what it runs on.
enum BuildDescription {
    /// A line each: the version and its commit, the instructions, the library of matrix products; and what the processor
    /// could do that this build does not.
    static var text: String {
        let commit = String(cString: buildCommit())
        let sets = (0..<instructionSetCount()).map(instructionSet)
        func names(where isWanted: (InstructionSet) -> Bool) -> String {
            let names = sets.filter(isWanted).map { String(cString: $0.name) }
            return names.isEmpty ? "no extensions" : names.joined(separator: ", ")
        }
        var lines = [
            "swage \(SwageVersion.current)" + (commit.isEmpty ? "" : " (\(commit))"),
            "compiled for \(architecture): \(names(where: \.isCompiled))",
            "this processor has: \(names(where: \.isPresent))",
            "\(BLAS.libraryName), kernels for \(BLAS.coreName)",
        ]
        if sets.contains(where: { $0.isPresent && !$0.isCompiled }) {
            lines.append(
                "warning: this build does not use \(names { $0.isPresent && !$0.isCompiled }); "
                    + "make builds for the machine at hand")
        }
        return lines.joined(separator: "\n")
    }

    private static var architecture: String {
        #if arch(x86_64)
            "x86-64"
        #elseif arch(arm64)
            "arm64"
        #else
            "this processor"
        #endif
    }
}
