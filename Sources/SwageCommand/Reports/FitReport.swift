import Manifests
import Models
import Pipelines
import Recipes
import Reporting

/// Types of a model, their sizes, and the devices that hold them, in words and as JSON.
struct FitReport {
    private let model: Model
    private let survey: SizeSurvey
    /// A device of no memory if none was named.
    private let device: DeviceMemory
    private let hasDevice: Bool
    private let processorByteCount: Int

    /// The memories of usual cards, in GiB.
    static let cards = [8, 12, 16, 24, 32, 48, 80]

    init(
        _ model: Model, _ survey: SizeSurvey, device: DeviceMemory, hasDevice: Bool, processorByteCount: Int
    ) {
        self.model = model
        self.survey = survey
        self.device = device
        self.hasDevice = hasDevice
        self.processorByteCount = processorByteCount
    }

    private var entries: [SizeSurvey.Entry] { survey.entries }

    private func needed(_ entry: SizeSurvey.Entry) -> Int { entry.deviceByteCount + device.otherByteCount(model.plan) }

    private func isHeld(_ entry: SizeSurvey.Entry, by byteCount: Int) -> Bool { needed(entry) <= byteCount }

    private func division(_ entry: SizeSurvey.Entry) -> ExpertDivision? {
        entry.division(on: device, processorByteCount: processorByteCount, model.plan)
    }

    /// The largest type that the named device holds as a whole.
    private var largest: SizeSurvey.Entry? { candidates.first { isHeld($0, by: device.byteCount) } }

    /// The largest type that the device holds with experts beside it.
    private var largestDivided: SizeSurvey.Entry? { candidates.first { (division($0)?.layerCount ?? 0) > 0 } }

    private var candidates: [SizeSurvey.Entry] { entries.filter { !$0.isForTrainedModels } }

    // MARK: Words

    var text: DisplayText {
        let plan = model.plan
        var table = Table(
            [.init("type"), .init("file", .right), .init("bits", .right), .init("device", .right)]
                + (hasDevice ? [.init("context", .right)] : [])
                + [.init(Self.cards.map { Self.cell("\($0)") }.joined() + " GiB")])
        for entry in entries {
            let context = device.longestContext(besideWeights: entry.deviceByteCount, plan)
            table.append(
                [
                    entry.recipe.name + (entry.needsImportance ? " *" : entry.isForTrainedModels ? " †" : ""),
                    Figures.bytes(entry.fileByteCount),
                    Figures.decimal(entry.bitsPerWeight, 2), Figures.bytes(needed(entry)),
                ] + (hasDevice ? [context > 0 ? "\(context)" : "–"] : [])
                    + [Self.cards.map { Self.cell(isHeld(entry, by: $0 << 30) ? "✓" : "✗") }.joined()])
        }
        var parts: [DisplayText] = [
            """
            \(model.userName): \(Figures.weights(survey.elementCount)) weights, \(plan.layerCount) layers
            made for \(plan.contextLength) tokens; here \(device.context) of them, cache \(device.cacheType.rawValue)
            cache \(Figures.bytes(device.cacheByteCount(plan))), working memory at most \
            \(Figures.bytes(device.workByteCount(plan))), reserve \(Figures.bytes(device.reserveByteCount))
            """,
            table.terminal,
        ]
        if entries.contains(where: \.needsImportance) {
            parts.append(
                """
                * needs --calibrate TEXT… or --imatrix FILE, as all types below 4 bits should have
                † for models that were trained in this type; it ruins others
                """)
        }
        if hasDevice { parts.append(answer) }
        return parts.joined(separator: "\n\n") + "\n"
    }

    private static func cell(_ text: String) -> String { String(repeating: " ", count: max(0, 3 - text.count)) + text }

    /// What to do with the named device.
    private var answer: DisplayText {
        var lines: [DisplayText] = []
        let size = "\(Figures.significant(Double(device.byteCount) / Double(1 << 30), 3)) GiB"
        if let largest {
            lines.append(
                "\(size) hold \(largest.recipe.name) with \(device.context) tokens; the best file for it:")
            lines.append(
                "  swage quantize \(model.path) -o OUT.gguf --fit \(device.byteCount) --context \(device.context) --calibrate TEXT…"
            )
        } else {
            lines.append("\(size) hold no type with \(device.context) tokens; try a smaller --context")
        }
        if processorByteCount > 0 {
            if let entry = largestDivided, let division = division(entry) {
                lines.append(
                    "with \(Figures.bytes(division.processorByteCount)) of experts beside it, it holds \(entry.recipe.name):"
                )
                lines.append("  \(division.command("OUT.gguf", context: device.context))")
            } else {
                lines.append("no larger type fits with \(Figures.bytes(processorByteCount)) beside it")
            }
        }
        return lines.joined(separator: "\n")
    }

    // MARK: JSON

    /// What `fit --json` prints; sizes are in bytes.
    struct JSON: Encodable {
        let manifest: Manifest
        let model: String
        let elements: Int
        let context: Int
        let cacheType: String
        let cacheBytes: Int
        let workBytes: Int
        let reserveBytes: Int
        let memoryBytes: Int?
        /// The largest type that the device holds.
        let best: String?
        let types: [TypeEntry]

        struct TypeEntry: Encodable {
            let name: String
            let needsImportance: Bool
            let fileBytes: Int
            let bitsPerWeight: Double
            let weightBytes: Int
            let neededBytes: Int
            let longestContext: Int?
            /// By the memory of usual cards, in GiB.
            let fits: [String: Bool]
            let division: Division?
        }

        struct Division: Encodable {
            let layers: Int
            let deviceBytes: Int
            let processorBytes: Int
            let command: String
        }
    }

    private var manifest: Manifest {
        var options = [
            "context": "\(device.context)", "cache": device.cacheType.rawValue, "reserve": "\(device.reserveByteCount)",
        ]
        if hasDevice { options["memory"] = "\(device.byteCount)" }
        if processorByteCount > 0 { options["ram"] = "\(processorByteCount)" }
        return Manifest([InputRecord(header: model)], options: options)
    }

    var json: JSON {
        let plan = model.plan
        return JSON(
            manifest: manifest, model: model.userName, elements: survey.elementCount, context: device.context,
            cacheType: device.cacheType.rawValue,
            cacheBytes: device.cacheByteCount(plan), workBytes: device.workByteCount(plan),
            reserveBytes: device.reserveByteCount, memoryBytes: hasDevice ? device.byteCount : nil,
            best: hasDevice ? largest?.recipe.name : nil,
            types: entries.map { entry in
                JSON.TypeEntry(
                    name: entry.recipe.name, needsImportance: entry.needsImportance, fileBytes: entry.fileByteCount,
                    bitsPerWeight: entry.bitsPerWeight, weightBytes: entry.deviceByteCount, neededBytes: needed(entry),
                    longestContext: hasDevice ? device.longestContext(besideWeights: entry.deviceByteCount, plan) : nil,
                    fits: Dictionary(uniqueKeysWithValues: Self.cards.map { ("\($0)", isHeld(entry, by: $0 << 30)) }),
                    division: division(entry).flatMap { division in
                        division.layerCount == 0
                            ? nil
                            : JSON.Division(
                                layers: division.layerCount, deviceBytes: division.deviceByteCount,
                                processorBytes: division.processorByteCount,
                                command: division.command("OUT.gguf", context: device.context))
                    })
            })
    }
}
