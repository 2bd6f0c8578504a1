/// A plan whose parts other programs start: what they have to know of it, as words and numbers.
package struct LaunchedPlan: Sendable {
    /// What the jobs are called: lower-case letters, digits and hyphens, at most 40 of them.
    package let name: String
    /// The folder of the plan, an absolute path that all machines know.
    package let folder: String
    /// The number of parts, from 1.
    package let partCount: Int
    /// The command that does a part, less the part's number behind it.
    package let run: [String]
    /// The command that joins all parts.
    package let finish: [String]
    /// What a part gets of a machine.
    package let resources: MachineShare

    /// A plan to start.
    ///
    /// - Parameters:
    ///   - title: What the jobs are called after, such as the plan's file name; other characters than letters and digits
    ///     become hyphens.
    ///   - folder: The folder of the plan, an absolute path that all machines know.
    ///   - partCount: The number of parts, from 1.
    ///   - run: The command that does a part, less the part's number behind it.
    ///   - finish: The command that joins all parts.
    ///   - resources: What a part gets of a machine.
    /// - Throws: ``LaunchError`` if a word has a line break or another control character.
    package init(
        title: String, folder: String, partCount: Int, run: [String], finish: [String],
        resources: MachineShare = MachineShare()
    ) throws {
        precondition(partCount > 0)
        for word in [folder] + run + finish
        where word.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            throw LaunchError(.controlCharacter, path: word)
        }
        let plain = title.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
        let words = String(plain).split(separator: "-").joined(separator: "-").prefix(34)
        name = (["swage"] + words.split(separator: "-")).joined(separator: "-")
        self.folder = folder
        self.partCount = partCount
        self.run = run
        self.finish = finish
        self.resources = resources
    }

    /// Times that a part is started again when it ended with no fault of its input.
    static let retryCount = 5
    /// The word that has a command take its part's number from the environment.
    static let automatic = "auto"
}

/// What a part gets of a machine.
package struct MachineShare: Sendable {
    /// Processors; nil for all.
    package var processorCount: Int?
    /// Memory in bytes; nil for all.
    package var memoryByteCount: Int?

    /// A share of a machine.
    ///
    /// - Parameters:
    ///   - processorCount: Processors; nil for all.
    ///   - memoryByteCount: Memory in bytes; nil for all.
    package init(processorCount: Int? = nil, memoryByteCount: Int? = nil) {
        self.processorCount = processorCount
        self.memoryByteCount = memoryByteCount
    }

    /// Memory in whole megabytes of 2²⁰ bytes, at least one; nil for all.
    var memoryMegabyteCount: Int? { memoryByteCount.map { max(1, $0 >> 20) } }
}
