import ArgumentParser
import Checkpoints
import Pipelines
import Reporting

struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows a file's metadata, tensors and types.")

    @Argument(help: "A GGUF file, or a checkpoint directory.")
    var file: String

    @Flag(help: "List every tensor.")
    var tensors = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var padding: PaddingOptions

    func run() throws {
        let inspection = try Inspection(path: file, expertPadding: padding.padExperts)
        if json { return try JSONOutput.print(InspectionReport(inspection, listsTensors: tensors)) }
        StandardStream.output.write(Self.text(of: inspection, listsTensors: tensors))
    }

    private static func text(of inspection: Inspection, listsTensors: Bool) -> String {
        let elements = inspection.elementCount
        let bits = Double(8 * inspection.tensorByteCount) / Double(max(1, elements))
        var metadata = Table([.init("key"), .init("type"), .init("value")])
        for entry in inspection.metadata { metadata.append([entry.key, entry.type, entry.value]) }
        var types = Table([.init("type"), .init("tensors", .right), .init("bytes", .right)])
        for type in inspection.types {
            types.append([type.type.name, String(type.tensorCount), String(type.byteCount)])
        }
        var parts = [
            """
            \(inspection.format), \(inspection.files.count) \(inspection.files.count == 1 ? "file" : "files"), \
            \(Figures.bytes(inspection.fileByteCount))
            \(inspection.tensors.count) tensors, \(elements) elements, \(Figures.decimal(bits, 3)) bits per element
            """,
            metadata.terminal, types.terminal,
        ]
        if listsTensors {
            var list = Table([.init("tensor"), .init("shape", .right), .init("type"), .init("bytes", .right)])
            for tensor in inspection.tensors {
                list.append([
                    tensor.name, tensor.shape.description, tensor.type.name, String(tensor.byteCount),
                ])
            }
            parts.append(list.terminal)
        }
        return parts.joined(separator: "\n\n") + "\n"
    }
}

/// What `inspect --json` prints.
private struct InspectionReport: Encodable {
    let format: String
    let files: [String]
    let fileBytes: Int
    let elements: Int
    let metadata: [String: String]
    let types: [String: Int]
    let tensors: [Tensor]?

    struct Tensor: Encodable {
        let name: String
        /// Fastest dimension first.
        let shape: [Int]
        let type: String
        let bytes: Int
    }

    init(_ inspection: Inspection, listsTensors: Bool) {
        format = inspection.format
        files = inspection.files
        fileBytes = inspection.fileByteCount
        elements = inspection.elementCount
        metadata = Dictionary(inspection.metadata.map { ($0.key, $0.value) }) { first, _ in first }
        types = Dictionary(uniqueKeysWithValues: inspection.types.map { ($0.type.name, $0.tensorCount) })
        tensors =
            listsTensors
            ? inspection.tensors.map {
                Tensor(name: $0.name, shape: $0.shape.dimensions, type: $0.type.name, bytes: $0.byteCount)
            } : nil
    }
}
