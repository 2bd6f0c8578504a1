import ArgumentParser

extension CommandConfiguration {
    /// What help says of a command, with lines to type under it.
    ///
    /// - Parameters:
    ///   - commandName: The command's word; without one it is the type's name.
    ///   - abstract: One sentence.
    ///   - usage: The ways to call it; without them they are made of its options.
    ///   - discussion: What there is to know beside it.
    ///   - examples: A command line without `swage`, of at most 72 characters.
    ///   - more: More of them.
    init(
        commandName: String? = nil, abstract: String, usage: String? = nil, discussion: String = "", examples: String,
        _ more: String...
    ) {
        let lines = ([examples] + more).map { "swage " + $0 }.joined(separator: "\n")
        self.init(
            commandName: commandName, abstract: abstract, usage: usage,
            discussion: (discussion.isEmpty ? "" : discussion + "\n\n") + "EXAMPLES:\n" + lines)
    }
}
