import GGUFContainer

/// Cuts a GGUF file into parts.
public struct Splitting: Sendable {
    public var limits: GGUFSplitLimits

    public init(limits: GGUFSplitLimits) { self.limits = limits }

    /// - Parameter prefix: the parts' path, less the number and the extension.
    /// - Returns: the parts' paths.
    public func run(_ path: String, prefix: String, progress: @escaping ProgressHandler) throws -> [String] {
        let file = try GGUFFile(path: path)
        let paths = try GGUFSplitWriter.paths(
            prefix: prefix, metadata: file.metadata, tensors: file.tensors, limits: limits)
        for output in paths { try OutputFile.check(output, inputs: file.parts.map(\.path)) }
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
    public init() {}

    /// - Parameters:
    ///   - path: any of the parts.
    ///   - output: the file's name; it appears when it is complete.
    public func run(_ path: String, output: String, progress: @escaping ProgressHandler) throws {
        let file = try GGUFFile(path: path)
        try OutputFile.check(output, inputs: file.parts.map(\.path), expectedByteCount: file.fileByteCount)
        var writer = try GGUFWriter(path: output, metadata: file.metadata, tensors: file.tensors)
        progress(.stage(.joiningParts(count: file.parts.count)))
        try TensorCopy(source: file) { progress(.fraction($0)) }.run(into: &writer)
        try writer.finish()
    }
}
