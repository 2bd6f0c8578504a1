import FoundationEssentials
import Tokenizers

extension Model {
    /// The files that may be read where something is named as an input, without reading any of them: of a checkpoint
    /// directory its weights, their list, and what describes it; of a part of a split GGUF all parts; else the file itself.
    ///
    /// - Parameter path: the path of a directory or a file, which need not exist.
    package static func files(at path: String) -> [String] {
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { return [path] }
        guard isDirectory else { return parts(of: path) }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter(isOfCheckpoint).map { "\(path)/\($0)" }
    }

    private static func isOfCheckpoint(_ name: String) -> Bool {
        Tokenizer.checkpointFileNames.contains(name) || name == "README.md" || name.hasSuffix(".index.json")
            || name.hasSuffix(".safetensors") || name.hasPrefix("pytorch_model") && name.hasSuffix(".bin")
    }

    /// The files beside a part `NAME-00001-of-00003.gguf` that are called as its other parts are.
    private static func parts(of path: String) -> [String] {
        let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        let (folder, name) = (path[..<slash], path[slash...])
        guard let set = splitName(name) else { return [path] }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : String(folder))) ?? []
        return [path]
            + names.filter { other in splitName(other[...]).map { $0 == set } ?? false }.map { folder + $0 }
    }

    /// What the names of all parts have in common; nil if the name is not that of a part.
    private static func splitName(_ name: Substring) -> [Substring]? {
        guard name.hasSuffix(".gguf") else { return nil }
        let parts = name.dropLast(5).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[parts.count - 2] == "of", Int(parts[parts.count - 1]) != nil,
            Int(parts[parts.count - 3]) != nil
        else { return nil }
        return parts.dropLast(3) + [parts[parts.count - 1]]
    }
}
