import Files
import GGUF

/// Cuts a GGUF file into parts.
public struct Splitting: Sendable {
    /// How large parts may be.
    public var limits: GGUFSplitLimits
    /// Whether files that have the names of parts are replaced; else they are an error.
    public var replacesParts = false

    /// A way to cut files.
    ///
    /// - Parameter limits: How large parts may be.
    public init(limits: GGUFSplitLimits) { self.limits = limits }

    /// Cuts a file into parts.
    ///
    /// - Parameters:
    ///   - path: The file, or any part of a model that is cut already.
    ///   - prefix: The parts' path, less the number and the extension.
    ///   - progress: Receives what the work tells, from any thread.
    /// - Returns: the parts' paths.
    /// - Throws: `GGUFError` if the file is damaged or needs more parts than the format can count, and errors of reading and
    ///   writing.
    public func run(_ path: String, prefix: String, progress: @escaping ProgressHandler) throws -> [String] {
        let file = try GGUFFile(path: path)
        let paths = try GGUFSplitWriter.paths(
            prefix: prefix, metadata: file.metadata, tensors: file.tensors, limits: limits)
        for output in paths {
            try OutputFile.check(output, inputs: file.parts.map(\.path))
            guard replacesParts || FileIdentity(path: output) == nil else { throw PartIsOther(path: output) }
        }
        progress(.stage(.writingParts(count: paths.count)))
        var writer = try GGUFSplitWriter(
            prefix: prefix, metadata: file.metadata, tensors: file.tensors, limits: limits)
        try TensorCopy(source: file) { progress(.fraction($0)) }.run(into: &writer)
        try writer.finish()
        return paths
    }
}

/// Joins the parts of a split model into one file.
public struct Merging: Sendable {
    /// A way to join parts.
    public init() {}

    /// Joins parts into one file.
    ///
    /// - Parameters:
    ///   - path: Any of the parts.
    ///   - output: The file's name; it appears when it is complete.
    ///   - progress: Receives what the work tells, from any thread.
    /// - Throws: `GGUFError` if a part is missing or damaged, and errors of reading and writing.
    public func run(_ path: String, output: String, progress: @escaping ProgressHandler) throws {
        let file = try GGUFFile(path: path)
        try OutputFile.check(output, inputs: file.parts.map(\.path), expectedByteCount: file.fileByteCount)
        var writer = try GGUFWriter(path: output, metadata: file.metadata, tensors: file.tensors)
        progress(.stage(.joiningParts(count: file.parts.count)))
        try TensorCopy(source: file) { progress(.fraction($0)) }.run(into: &writer)
        try writer.finish()
    }
}
