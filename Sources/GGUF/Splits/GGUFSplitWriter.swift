import FoundationEssentials
import Tensors

/// Writes a model as several GGUF files, `PREFIX-00001-of-00003.gguf` and so on, tensor by tensor.
///
/// The first part has the metadata. All parts appear under their names together, with ``finish()``.
public struct GGUFSplitWriter: ~Copyable, TensorSink {
    private let split: GGUFSplitParts
    private var written = 0
    /// The complete parts and the one that is being written; a noncopyable value needs a box to be stored in an array.
    private var parts: [Part]

    private final class Part {
        var writer: GGUFWriter

        init(_ writer: consuming GGUFWriter) { self.writer = writer }
    }

    /// Begins the first part.
    ///
    /// - Parameters:
    ///   - prefix: The parts' path, less the number and the extension.
    ///   - metadata: The whole model's, which the first part gets.
    ///   - tensors: All tensors of the model; their data must follow in this order.
    ///   - limits: How large a part may be.
    /// - Throws: ``GGUFError`` if the contents break a rule of the format or make too many parts; `FileError` if a part
    ///   cannot be written.
    public init(
        prefix: String, metadata: GGUFMetadata, tensors: [TensorDescriptor], limits: GGUFSplitLimits
    ) throws {
        let split = try GGUFSplitParts(prefix: prefix, metadata: metadata, tensors: tensors, limits: limits)
        var parts = [try Self.part(0, of: split)]
        try Self.beginParts(&parts, of: split, written: 0)
        self.split = split
        self.parts = parts
    }

    /// The paths of the files that would be written.
    ///
    /// - Parameters:
    ///   - prefix: The parts' path, less the number and the extension.
    ///   - metadata: The whole model's, of which the alignment has a part in the sizes.
    ///   - tensors: All tensors of the model, in the order of their data.
    ///   - limits: How large a part may be.
    /// - Throws: ``GGUFError`` if there are more parts than the format can count, or the alignment makes no sense.
    public static func paths(
        prefix: String, metadata: GGUFMetadata, tensors: [TensorDescriptor], limits: GGUFSplitLimits
    ) throws -> [String] {
        try GGUFSplitParts(prefix: prefix, metadata: metadata, tensors: tensors, limits: limits).paths
    }

    /// The paths of the files that are there under names of parts, of sets of any number, in order.
    ///
    /// - Parameter prefix: The parts' path, less the number and the extension.
    package static func files(withPrefix prefix: String) -> [String] { GGUFSplitName.paths(withPrefix: prefix) }

    /// The paths of the files, in the order of their parts.
    public var paths: [String] { split.paths }

    /// Appends the next bytes of the current tensor.
    ///
    /// - Throws: ``GGUFError`` if they are more than it has; `FileError` if they cannot be written.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) throws {
        try parts[parts.count - 1].writer.append(bytes)
    }

    /// Ends the current tensor and, if it was the last of its part, begins the next part.
    ///
    /// - Throws: ``GGUFError`` if bytes of the tensor are missing; `FileError` if a part cannot be written.
    public mutating func endTensor() throws {
        try parts[parts.count - 1].writer.endTensor()
        written += 1
        try Self.beginParts(&parts, of: split, written: written)
    }

    /// Brings all parts to disk and gives them their names, the first part last; if one does not get it, none stays.
    ///
    /// - Throws: ``GGUFError`` if tensors are missing; `FileError` if a part cannot be written.
    public mutating func finish() throws {
        try parts[parts.count - 1].writer.sync()
        for number in parts.indices.reversed() {
            do {
                try parts[number].writer.publish()
            } catch {
                for path in paths[(number + 1)...] { try? FileManager.default.removeItem(atPath: path) }
                throw error
            }
        }
    }

    /// Goes on to the part of the next tensor, over parts without any.
    private static func beginParts(_ parts: inout [Part], of split: GGUFSplitParts, written: Int) throws {
        while written == split.cuts[parts.count - 1].upperBound, parts.count < split.cuts.count {
            try parts[parts.count - 1].writer.sync()
            parts.append(try part(parts.count, of: split))
        }
    }

    private static func part(_ number: Int, of split: GGUFSplitParts) throws -> Part {
        Part(
            try GGUFWriter(
                path: split.paths[number], metadata: split.metadata(ofPart: number),
                tensors: split.tensors(ofPart: number)))
    }
}
