import ArgumentParser
import Checkpoints
import GGUF
import Models
import Pipelines
import Reporting
import Upcycling

struct Inspect: SwageSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows a file's metadata, tensors and types.",
        usage: "swage inspect <file> [<options>]",
        examples:
            "inspect xverse.gguf",
        "inspect XVERSE-MoE-A4.2B-Chat --tensors")

    @Argument(help: "A GGUF file, or a checkpoint directory.")
    var file: InputPath

    @Flag(help: "List every tensor.")
    var tensors = false

    @OptionGroup(title: "Reading the model") var reading: ModelOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    func run() throws {
        let inspection = try Inspection(
            path: file.path, expertPadding: reading.padExperts, expertNormalization: reading.normalizeExperts,
            preTokenizer: reading.splitting.preTokenizer)
        ProgressLine.say(inspection.notes)
        let experts = try ExpertOrigin(of: inspection.source)
        if terminal.json { return try JSONOutput.print(InspectionReport(inspection, experts, listsTensors: tensors)) }
        try StandardStream.output.write(Self.text(of: inspection, experts, listsTensors: tensors))
    }

    private static func text(of inspection: Inspection, _ experts: ExpertOrigin?, listsTensors: Bool) -> DisplayText {
        let elements = inspection.elementCount
        let bits = Double(8 * inspection.tensorByteCount) / Double(max(1, elements))
        var metadata = Table([.init("key"), .init("type"), .init("value")])
        for entry in inspection.metadata { metadata.append([entry.key, entry.type, entry.summary]) }
        var types = Table([.init("type"), .init("tensors", .right), .init("bytes", .right)])
        for type in inspection.types {
            types.append([type.type.name, String(type.tensorCount), String(type.byteCount)])
        }
        var parts: [DisplayText] = [
            """
            \(inspection.format), \(inspection.files.count) \(inspection.files.count == 1 ? "file" : "files"), \
            \(Figures.bytes(inspection.fileByteCount))
            \(inspection.tensors.count) tensors, \(elements) elements, \(Figures.decimal(bits, 3)) bits per element
            """ + (experts.map { "\n\(UpcyclingReport.words(for: $0))" } ?? ""),
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
    let metadata: [String: MetadataValue]
    let types: [String: Int]
    let experts: [ExpertLayer]?
    let tensors: [Tensor]?

    /// What the experts of a layer are.
    struct ExpertLayer: Encodable {
        let layer: Int
        let experts: Int
        /// Those with weights of their own.
        let distinct: Int
        /// The experts whose rows of the router are equal.
        let groups: [[Int]]
        /// Whether every group has each distinct expert once.
        let slicesOfOneBlock: Bool
    }

    struct Tensor: Encodable {
        let name: String
        /// Fastest dimension first.
        let shape: [Int]
        let type: String
        let bytes: Int
    }

    init(_ inspection: Inspection, _ origin: ExpertOrigin?, listsTensors: Bool) {
        experts = origin?.layers.map {
            ExpertLayer(
                layer: $0.number, experts: $0.expertCount, distinct: $0.distinctCount, groups: $0.groups,
                slicesOfOneBlock: $0.isSliced)
        }
        format = inspection.format
        files = inspection.files
        fileBytes = inspection.fileByteCount
        elements = inspection.elementCount
        metadata = Dictionary(inspection.metadata.map { ($0.key, MetadataValue($0)) }) { first, _ in first }
        types = Dictionary(uniqueKeysWithValues: inspection.types.map { ($0.type.name, $0.tensorCount) })
        tensors =
            listsTensors
            ? inspection.tensors.map {
                Tensor(name: $0.name, shape: $0.shape.dimensions, type: $0.type.name, bytes: $0.byteCount)
            } : nil
    }
}

/// A metadata value as JSON: numbers, truth values and texts as such, arrays too unless they are long; of those, and of
/// numbers that JSON lacks, a description.
private struct MetadataValue: Encodable {
    private let entry: Inspection.Entry

    /// Longer arrays, such as vocabularies, are described: `{"type": "[string]", "count": 4096}`.
    private static let arrayCountLimit = 64

    private struct ArrayDescription: Encodable {
        let type: String
        let count: Int
    }

    init(_ entry: Inspection.Entry) { self.entry = entry }

    func encode(to encoder: any Encoder) throws {
        guard let array = entry.value.array else { return try Self.encode(entry.value, to: encoder) }
        guard array.count <= Self.arrayCountLimit else {
            return try ArrayDescription(type: entry.type, count: array.count).encode(to: encoder)
        }
        var container = encoder.unkeyedContainer()
        for index in 0..<array.count { try Self.encode(array[index], to: container.superEncoder()) }
    }

    private static func encode(_ value: GGUFValue, to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let flag = value.bool { return try container.encode(flag) }
        if let integer = value.integer { return try container.encode(integer) }
        if case .float32(let number) = value, number.isFinite { return try container.encode(number) }
        if let number = value.double, number.isFinite { return try container.encode(number) }
        try container.encode(value.bytes?.description ?? "\(value)")
    }
}
