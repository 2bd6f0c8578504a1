/// What to do about a path under which there is nothing.
package enum MissingFile {
    /// Repositories are not called so, and files are.
    private static let endings = [
        ".gguf", ".safetensors", ".bin", ".dat", ".json", ".jsonl", ".txt", ".md", ".zst", ".jinja", ".tsv",
    ]

    /// Advice by the look of the path: an address, a repository's name, a tilde that no shell has expanded; nil
    /// if it looks like a path.
    package static func advice(on path: String) -> Message? {
        if path.hasPrefix("~") { return "the shell has not replaced the ~: write the folder's own path in its place" }
        var parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if let scheme = path.firstRange(of: "://") {
            parts = path[scheme.upperBound...].split(separator: "/").dropFirst().map(String.init)
            guard parts.count >= 2 else { return "addresses are not opened: download the files first" }
            return
                "addresses are not opened: download the files first, hf download \(parts[0])/\(parts[1])"
        }
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && !$0.hasPrefix(".") }),
            FileIdentity(path: parts[0]) == nil, !endings.contains(where: path.hasSuffix)
        else { return nil }
        return
            "a repository of Hugging Face is downloaded first: hf download \(path)"
    }
}
