import Digests
import Files
import FoundationEssentials
import Journals
import Models
import Parallelism
import SafetensorsIO
import Shards
import Tokenizers
import Upcycling
import WeightEncoding

/// The folder of an upcycled checkpoint while it is written.
///
/// Files of weights appear one by one, each when it is complete; `config.json` comes last, and without it the folder is no
/// checkpoint. What is complete is noted in `upcycle.work` in the folder, which is removed in the end.
struct UpcycledFolder {
    /// The path, without a slash at its end.
    let path: String
    private let plan: ExpertUpcycling.Plan
    private let compute: Compute
    private let isRestarting: Bool
    private let replacesFiles: Bool

    private static let configurationName = "config.json"
    /// What says under which terms the weights may be used.
    private static let licenseNames = ["LICENSE", "LICENSE.md", "LICENSE.txt", "NOTICE"]

    init(
        _ output: String, _ plan: ExpertUpcycling.Plan, isRestarting: Bool, replacesFiles: Bool, _ compute: Compute
    ) throws {
        path = Self.plain(output)
        self.plan = plan
        self.compute = compute
        self.isRestarting = isRestarting
        self.replacesFiles = replacesFiles
        var isDirectory = false
        let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
        guard !isThere || isDirectory else { throw UpcyclingError(.notAFolder, file: output) }
        guard !isThere || FileIdentity(path: path) != FileIdentity(path: plan.dense.path) else {
            throw OutputIsInput(path: output)
        }
    }

    private static func plain(_ output: String) -> String {
        let end = output.lastIndex { $0 != "/" }
        return end.map { String(output[...$0]) } ?? output
    }

    private static func names(in path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }

    /// What the folder of the work is named for.
    private static func journalOutput(of path: String) -> String { "\(path)/upcycle" }

    /// See ``ExpertUpcycling/obstacles(in:)``.
    static func obstacles(in output: String) -> [String] {
        let path = plain(output)
        let isOfRun = Journal.folders(of: journalOutput(of: path)).contains { FileIdentity(path: $0) != nil }
        return isOfRun ? [] : names(in: path).map { "\(path)/\($0)" }
    }

    // MARK: Writing

    func write() throws {
        let obstacles = Self.obstacles(in: path)
        let isThere = FileIdentity(path: path) != nil
        if let first = obstacles.first {
            guard replacesFiles else { throw UpcyclingError(.folderNotEmpty(first), file: path) }
            try refuseOtherWeights()
        }
        // Before anything is removed or made: whether there is room, with that of what is replaced.
        let ended = obstacles.isEmpty ? finishedByteCount : replacedByteCount
        try checkRoom(isThere: isThere, neededByteCount: plan.byteCount - ended)
        if !isThere { try makeFolder() }
        if !obstacles.isEmpty { removeOwnFiles() }
        let journal = try Journal(
            output: Self.journalOutput(of: path), identity: try identity(), isRestarting: isRestarting
        ) { [progress = compute.progress] in progress(.note($0)) }
        let finishedCount = isRestarting ? 0 : try intactCount(journal)
        try journal.keep("begun", [])
        do {
            try writeShards(journal, finishedCount: finishedCount)
            try writeDescriptions()
        } catch {
            journal.settle(after: error)
            // Whatever was wrong with the inputs, the files made of them are of no use.
            if Self.obstacles(in: path) != [] { removeOwnFiles() }
            if Self.names(in: path).isEmpty { try? FileManager.default.removeItem(atPath: path) }
            throw error
        }
        journal.remove()
    }

    private func identity() throws -> RunIdentity {
        var identity = RunIdentity()
        identity.add("the version of Swage", SwageVersion.current)
        identity.add("the dense model", try Fingerprint.of(plan.dense))
        for (name, value) in plan.manifest.options.sorted(by: { $0.key < $1.key }) { identity.add(name, value) }
        identity.add("the size of files", plan.shards.cuts.map { "\($0.count)" }.joined(separator: " "))
        return identity
    }

    private func writeShards(_ journal: Journal, finishedCount: Int) throws {
        let shards = plan.shards
        if finishedCount > 0 {
            compute.progress(.note("going on after file \(finishedCount) of \(shards.cuts.count)"))
        }
        compute.progress(.stage(.writing(path: path)))
        compute.progress(.extent(.bytes(shards.byteCount)))
        var sink = JournaledShards(
            try SafetensorsShardWriter(
                directory: path, shards: shards, metadata: plan.shardMetadata, finishedCount: finishedCount), journal)
        let first = finishedCount == 0 ? 0 : shards.cuts[finishedCount - 1].upperBound
        try TensorEncoding(
            inputs: EncodingInputs(source: plan.tensors), parallel: compute.parallel, progress: compute.progress
        ).run(plan.tensors.tensors, range: first..<plan.tensors.tensors.count, into: &sink)
        try sink.finish()
    }

    private func writeDescriptions() throws {
        for name in copiedNames where name != Self.configurationName {
            try write(name, try ReadableFile.contents(of: "\(plan.dense.path)/\(name)", limit: .tokenizer))
        }
        try write(UpcycledCard.name, Array(UpcycledCard(plan).text.utf8))
        try write(
            Self.configurationName,
            UpcycledConfiguration(plan.checkpoint, plan.upcycling, tensors: plan.tensors.tensors).text)
    }

    private func write(_ name: String, _ bytes: [UInt8]) throws {
        var file = try AtomicFile(path: "\(path)/\(name)", expectedByteCount: bytes.count)
        try file.append(bytes)
        try file.commit()
    }

    // MARK: What is there

    /// How many of the first files are complete and undamaged.
    private func intactCount(_ journal: Journal) throws -> Int {
        for number in plan.shards.cuts.indices {
            guard let record = try journal.record(JournaledShards.recordName(number)) else { return number }
            compute.progress(.stage(.checking(path: shardPath(number))))
            let said = String(decoding: try record.bytes(), as: UTF8.self)
            guard said == (try? checksum(ofShard: number)) else { return number }
        }
        return plan.shards.cuts.count
    }

    private func shardPath(_ number: Int) -> String { "\(path)/\(plan.shards.names[number])" }

    /// The checksum of a file's data; nil if the file is none with the tensors that are planned.
    private func checksum(ofShard number: Int) throws -> String? {
        let planned = Array(plan.shards.tensors[plan.shards.cuts[number]])
        let shard = try SafetensorsFile(path: shardPath(number))
        guard shard.byteCount == plan.shardByteCounts[number],
            shard.tensors.map({ [$0.name, $0.type.rawValue, "\($0.shape)"] })
                == planned.map({ [$0.name, $0.type.rawValue, "\($0.shape)"] })
        else { return nil }
        let file = try ReadableFile(path: shardPath(number))
        return try file.checksum(of: file.byteCount - planned.reduce(0) { $0 + $1.byteCount }..<file.byteCount)
    }

    /// The bytes of the files of weights that are there.
    private var finishedByteCount: Int {
        plan.shards.names.reduce(0) { $0 + ((try? ReadableFile(path: "\(path)/\($1)").byteCount) ?? 0) }
    }

    /// The files of the dense checkpoint that describe the upcycled one as well.
    private var copiedNames: [String] {
        (Tokenizer.checkpointFileNames + Self.licenseNames).filter {
            FileManager.default.fileExists(atPath: "\(plan.dense.path)/\($0)")
        }
    }

    /// The files that are there of a checkpoint. A licence that the dense checkpoint does not bring is somebody else's.
    private var ownNames: [String] {
        let described = Tokenizer.checkpointFileNames + copiedNames + [UpcycledCard.name]
        return Self.names(in: path).filter { described.contains($0) || Self.isOfWeights($0) }
    }

    /// The files of a checkpoint that are there.
    var ownPaths: [String] { ownNames.map { "\(path)/\($0)" } }

    private var replacedByteCount: Int {
        ownNames.reduce(0) { $0 + ((try? ReadableFile(path: "\(path)/\($1)").byteCount) ?? 0) }
    }

    /// `model.safetensors`, `model-00001-of-00003.safetensors`, and the index.
    private static func isOfWeights(_ name: String) -> Bool {
        let naming = SafetensorsFile.naming
        return name == naming.fileName || name == naming.indexName
            || !NumberedFiles.sets(among: [name], suffix: naming.suffix).isEmpty && name.hasPrefix("model-")
    }

    /// Fails if weights would stay beside the new ones, which readers may take for them.
    private func refuseOtherWeights() throws {
        let own = Set(ownNames)
        let marks = [".safetensors", ".bin", ".index.json", ".gguf"]
        let others = Self.names(in: path).filter { name in
            !own.contains(name) && marks.contains(where: name.hasSuffix)
        }
        if let first = others.first { throw UpcyclingError(.otherWeights("\(path)/\(first)"), file: path) }
    }

    /// Removes the files of a checkpoint, `config.json` first, so that what is left is none.
    private func removeOwnFiles() {
        let names = ownNames.sorted { ($0 != Self.configurationName ? 1 : 0) < ($1 != Self.configurationName ? 1 : 0) }
        for name in names { try? FileManager.default.removeItem(atPath: "\(path)/\(name)") }
    }

    private func makeFolder() throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        } catch {
            // The system's reason, in the words of files.
            try AtomicFile.check(path)
            throw error
        }
    }

    /// Fails if the files could not be written.
    private func checkRoom(isThere: Bool, neededByteCount: Int) throws {
        do {
            try AtomicFile.check(
                isThere ? "\(path)/\(Self.configurationName)" : path, expectedByteCount: max(0, neededByteCount))
        } catch let error as FileError {
            guard case .noRoom(_, let free) = error.kind else { throw error }
            let upcycling = plan.upcycling
            let perExpert = max(1, plan.expertByteCount)
            let fixed = neededByteCount - upcycling.options.expertCount * perExpert
            let fitting = max(0, free - fixed) / perExpert / upcycling.groupSize * upcycling.groupSize
            throw UpcyclingError(
                .noRoom(
                    neededByteCount: neededByteCount, freeByteCount: free,
                    fittingExpertCount: fitting >= upcycling.options.usedCount ? fitting : nil), file: path)
        }
    }
}
