import FoundationEssentials

extension Checkpoint {
    /// The name of the model: that of the repository if the directory is in a cache of the HuggingFace hub, else that
    /// of the directory that the path leads to.
    public var name: String { Self.identity(ofDirectory: directory).name }

    /// The organization is known in a cache of the hub only.
    static func identity(ofDirectory path: String) -> (organization: String?, name: String) {
        let parts = URL(filePath: path, directoryHint: .isDirectory).standardizedFileURL.resolvingSymlinksInPath()
            .path.split(separator: "/").map(String.init)
        guard let last = parts.last else { return (nil, path) }
        // models--ORGANIZATION--NAME/snapshots/COMMIT
        if parts.count > 2, parts[parts.count - 2] == "snapshots", let id = hubName(parts[parts.count - 3]) {
            return id
        }
        // ModelScope writes dots in names so.
        return (nil, last.replacing("___", with: "."))
    }

    private static func hubName(_ folder: String) -> (organization: String?, name: String)? {
        let prefix = "models--"
        guard folder.hasPrefix(prefix), folder.count > prefix.count else { return nil }
        let id = String(folder.dropFirst(prefix.count))
        guard let divider = id.firstRange(of: "--"), divider.upperBound < id.endIndex else { return (nil, id) }
        return (String(id[..<divider.lowerBound]), String(id[divider.upperBound...]))
    }
}
