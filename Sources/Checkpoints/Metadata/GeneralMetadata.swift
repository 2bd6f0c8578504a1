import ByteJSON
import Files
import FoundationEssentials
import ModelArchitecture

/// The statements of a checkpoint about itself besides its architecture, under GGUF's keys: names, origin, license,
/// sampling.
///
/// Values come from the model card's front matter, then from the model's name, by the rules of gguf-py's `metadata.py`;
/// those of sampling come from `generation_config.json`.
public struct GeneralMetadata: Sendable, Equatable {
    /// A value under a key.
    public enum Value: Sendable, Equatable {
        /// A text.
        case text(String)
        /// A list of texts.
        case texts([String])
        /// A count, not negative.
        case count(Int)
        /// A whole number with a sign.
        case whole(Int32)
        /// A number with a fraction.
        case fraction(Float)
    }

    /// The keys and values in the order in which a file holds them.
    public private(set) var entries: [(key: String, value: Value)] = []
    /// Warnings for the user about parts that could not be read.
    public private(set) var warnings: [String] = []

    /// Whether two checkpoints have the same keys with the same values in the same order, and the same warnings.
    public static func == (a: GeneralMetadata, b: GeneralMetadata) -> Bool {
        a.entries.elementsEqual(b.entries) { $0.key == $1.key && $0.value == $1.value } && a.warnings == b.warnings
    }

    /// - Throws: `FileError` for a configuration that is there and cannot be read; one that is no JSON is passed over.
    init(directory: String, plan: DecoderPlan) throws {
        let card = ModelCard(directory: directory)
        if let problem = card.problem {
            warnings.append("\(directory)/README.md: \(problem); what it says of the model is left out")
        }
        try addSampling(Self.configuration(directory + "/generation_config.json"))
        let hub = Checkpoint.identity(ofDirectory: directory)
        let called = try ModelName(Self.id(hub, directory: directory), parameterCount: plan.parameterCount)
        add("name", card.text("name", "model_name") ?? called.name)
        add("author", card.text("author", "model_author", "model_creator"))
        add("version", card.text("version", "model_version") ?? called.version)
        add("organization", card.text("organization", "model_organization") ?? called.organization.map(ModelName.title))
        add("finetune", card.text("finetune", "model_finetune") ?? called.finetune)
        add("basename", card.text("basename", "model_basename", "model_type") ?? called.basename)
        add("description", card.text("description", "model_description"))
        add("size_label", card.text("size_label", "model_size_label") ?? called.sizeLabel ?? plan.sizeLabel)
        let licenses = card.texts("license")
        add("license", licenses.isEmpty ? nil : licenses.joined(separator: ","))
        add("license.name", card.text("license_name"))
        add("license.link", card.text("license_link"))
        add("source.url", card.text("url", "model_url"))
        add("source.doi", card.text("doi", "model_doi"))
        add("source.uuid", card.text("uuid", "model_uuid"))
        let repository = hub.organization.map { "https://huggingface.co/\($0)/\(hub.name)" }
        add("source.repo_url", card.text("repo_url", "model_repo_url") ?? repository)
        add("base_model", card.sources("base_model", "base_models", "base_model_sources"), plan)
        add("dataset", card.sources("datasets", "dataset", "dataset_sources"), plan)
        add("tags", card.texts("tags") + card.texts("pipeline_tag"))
        add("languages", card.texts("languages") + card.texts("language"))
    }

    private mutating func add(_ key: String, _ text: String?) {
        if let text { entries.append(("general." + key, .text(text))) }
    }

    private mutating func add(_ key: String, _ texts: [String]) {
        if !texts.isEmpty { entries.append(("general." + key, .texts(texts))) }
    }

    /// Models or data that this model was made from.
    private mutating func add(_ key: String, _ sources: [ModelCard.Source], _ plan: DecoderPlan) {
        guard !sources.isEmpty else { return }
        entries.append(("general.\(key).count", .count(sources.count)))
        for (number, source) in sources.enumerated() {
            let prefix = "\(key).\(number)."
            switch source {
            case .fields(let fields):
                for name in Self.sourceFields {
                    add(prefix + name, fields.first { $0.key == name }?.text)
                }
            case .name(let id):
                var id = id
                var repository: String?
                if ["http://", "https://", "ssh://"].contains(where: id.hasPrefix) {
                    add(prefix + "repo_url", id)
                    guard let match = id.wholeMatch(of: /https?:\/\/huggingface.co\/([^\/]+\/[^\/]+)/) else { continue }
                    id = String(match.1)
                } else {
                    repository = id.contains("/") && !id.hasPrefix(".") ? "https://huggingface.co/\(id)" : nil
                }
                let called = ModelName(id, parameterCount: plan.parameterCount)
                add(prefix + "name", ModelName.title(called.name))
                add(prefix + "version", called.version)
                add(prefix + "organization", called.organization.map(ModelName.title))
                if called.organization != nil { add(prefix + "repo_url", repository) }
            }
        }
    }

    private static let sourceFields = [
        "name", "author", "version", "organization", "description", "url", "doi", "uuid", "repo_url",
    ]

    /// What parts of a name are looked for in: the configuration's `_name_or_path` where it is of this model, not of
    /// the one that it was trained from.
    private static func id(_ hub: (organization: String?, name: String), directory: String) throws -> String {
        if let organization = hub.organization { return "\(organization)/\(hub.name)" }
        guard let configuration = try configuration(directory + "/config.json"),
            let id = configuration["_name_or_path"]?.string, !id.hasPrefix("/"), !id.hasPrefix("."),
            let last = id.split(separator: "/", omittingEmptySubsequences: false).last, !last.isEmpty,
            id.count(where: { $0 == "/" }) <= 1
        else { return hub.name }
        let saysNothing = hub.name.wholeMatch(of: /[0-9a-f]{40}|model|checkpoint|checkpoint-[0-9]+/) != nil
        return saysNothing || last.lowercased() == hub.name.lowercased() ? id : hub.name
    }

    private static func configuration(_ path: String) throws -> JSON? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do {
            return try JSON(contentsOf: path, limit: .configuration)
        } catch let error as FileError {
            throw error
        } catch {
            return nil
        }
    }

    /// Values of other types are passed over, as programs do that sample.
    private mutating func addSampling(_ configuration: JSON?) {
        guard let configuration else { return }
        let keys: [(name: String, from: [ByteString], isWhole: Bool)] = [
            ("top_k", ["top_k"], true), ("top_p", ["top_p"], false), ("min_p", ["min_p"], false),
            ("xtc_probability", ["xtc_probability"], false), ("xtc_threshold", ["xtc_threshold"], false),
            ("temp", ["temperature"], false), ("penalty_last_n", ["penalty_last_n"], true),
            ("penalty_repeat", ["penalty_repeat", "repetition_penalty"], false), ("mirostat", ["mirostat"], true),
            ("mirostat_tau", ["mirostat_tau"], false), ("mirostat_eta", ["mirostat_eta"], false),
        ]
        add("sampling.sequence", configuration["sequence"]?.string)
        for (name, sources, isWhole) in keys {
            guard let value = sources.lazy.compactMap({ configuration[$0] }).first else { continue }
            let key = "general.sampling." + name
            if isWhole {
                guard let number = value.integer.flatMap(Int32.init(exactly:)) else { continue }
                entries.append((key, .whole(number)))
            } else {
                guard let number = value.double.map({ Float($0) }), number.isFinite else { continue }
                entries.append((key, .fraction(number)))
            }
        }
    }
}

extension Checkpoint {
    /// The statements of the checkpoint about itself besides its architecture.
    ///
    /// - Throws: `FileError` if a configuration is there and cannot be read.
    public func generalMetadata() throws -> GeneralMetadata {
        try GeneralMetadata(directory: directory, plan: storedPlan)
    }
}
