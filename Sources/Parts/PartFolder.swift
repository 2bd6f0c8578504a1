import Digests
import Files
import Platform

/// The files of a plan's parts, beside the plan.
///
/// A part is there when its file has its name, and then a record of it. Whatever bears these names and is a link is refused:
/// a folder that comes from a stranger must not lead elsewhere.
package struct PartFolder: Sendable {
    /// The path of the folder.
    package let path: String
    private let digest: String
    private let version: String
    private let count: Int
    private let suffix: String

    /// What there is of a part.
    package enum State: Sendable, Equatable {
        /// Nothing, or less than all.
        case missing
        /// All of it, as far as its record and its size say.
        case complete(PartRecord)
        /// Something that is no part of the plan.
        case unusable(PartProblem)
    }

    /// - Parameters:
    ///   - suffix: What the names of parts' files end with, such as `gguf`.
    /// - Throws: `FileError` if something else bears the folder's name.
    package init(_ plan: PartPlan, at location: PlanLocation, suffix: String) throws {
        path = location.partsFolder
        digest = plan.digest
        version = plan.version
        count = plan.parts.count
        self.suffix = suffix
        let kind = Self.kind(of: path)
        guard kind == nil || kind == S_IFDIR else { throw FileError(.notOurs, path: path) }
    }

    /// Makes the folder, if it is not there.
    ///
    /// - Throws: `FileError` if it cannot be made.
    package func make() throws {
        guard mkdir(path, 0o777) == 0 || errno == EEXIST else {
            throw FileError(.system(operation: "write", errno: errno), path: path)
        }
        guard Self.kind(of: path) == S_IFDIR else { throw FileError(.notOurs, path: path) }
    }

    /// The path of a part's file, counted from 1.
    package func file(ofPart number: Int) -> String { "\(name(number)).\(suffix)" }

    /// What the paths of all parts' files begin with.
    package var prefix: String { "\(path)/part" }

    private func record(ofPart number: Int) -> String { "\(name(number)).json" }

    private func name(_ number: Int) -> String { "\(prefix)-\(Self.digits(number))-of-\(Self.digits(count))" }

    private static func digits(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }

    /// What there is of a part, without reading all of it.
    ///
    /// - Throws: `FileError` if the record cannot be read.
    package func state(ofPart number: Int) throws -> State {
        let (file, recordFile) = (file(ofPart: number), record(ofPart: number))
        let kinds = (Self.kind(of: file), Self.kind(of: recordFile))
        if kinds.1 == nil { return kinds.0 == nil || kinds.0 == S_IFREG ? .missing : .unusable(.foreign) }
        guard kinds.1 == S_IFREG, let record = try PartRecord(contentsOf: recordFile) else {
            return .unusable(.foreign)
        }
        guard kinds.0 != nil else { return .missing }
        guard kinds.0 == S_IFREG else { return .unusable(.foreign) }
        guard record.version == version else {
            return .unusable(.otherVersion(found: record.version, expected: version))
        }
        guard record.plan == digest, record.part == number else { return .unusable(.otherPlan) }
        let byteCount = try ReadableFile(path: file).byteCount
        guard byteCount == record.bytes else {
            return .unusable(.cutOff(byteCount: byteCount, expected: record.bytes))
        }
        return .complete(record)
    }

    /// What there is of a part, all of which is read.
    package func verifiedState(ofPart number: Int) throws -> State {
        guard case .complete(let record) = try state(ofPart: number) else { return try state(ofPart: number) }
        let digest = try Self.digest(of: ReadableFile(path: file(ofPart: number)))
        return digest == record.sha256 ? .complete(record) : .unusable(.damaged)
    }

    /// Removes what bears the names of a part; of links the link.
    package func remove(part number: Int) {
        unlink(record(ofPart: number))
        unlink(file(ofPart: number))
    }

    /// Removes all parts, and the folder if nothing else is in it.
    package func remove() {
        for number in 1...count { remove(part: number) }
        rmdir(path)
    }

    /// Writes the record of a part whose file is complete.
    ///
    /// - Parameters:
    ///   - processor: The kind of processor, if it decides last bits.
    ///   - seconds: How long the part took.
    ///   - lines: What joining needs beside the file.
    /// - Throws: `FileError` if the file cannot be read, or the record not be written.
    package func complete(
        part number: Int, processor: String?, seconds: Double, lines: [String]
    ) throws -> PartRecord {
        let file = try ReadableFile(path: file(ofPart: number))
        let record = PartRecord(
            plan: digest, part: number, version: version, processor: processor, bytes: file.byteCount,
            sha256: try Self.digest(of: file), seconds: seconds, lines: lines)
        try record.write(to: self.record(ofPart: number))
        return record
    }

    /// All parts, each of which is read once more.
    ///
    /// - Parameters:
    ///   - location: Where the plan is, which errors name.
    ///   - reading: Is told the path of each part's file before it is read.
    /// - Throws: ``PlanError`` for what is missing or cannot be used.
    package func verified(_ location: PlanLocation, reading: (String) -> Void) throws -> [PartRecord] {
        let states = try (1...count).map { try state(ofPart: $0) }
        let missing = states.indices.filter { states[$0] == .missing }.map { $0 + 1 }
        guard missing.isEmpty else { throw PlanError(.missing(missing), path: location.path) }
        let records = try (1...count).map { number in
            reading(file(ofPart: number))
            switch try verifiedState(ofPart: number) {
            case .complete(let record): return record
            case .missing: throw PlanError(.missing([number]), path: location.path)
            case .unusable(let problem):
                throw PlanError(.unusable(part: number, problem), path: file(ofPart: number))
            }
        }
        var kinds: [String: [Int]] = [:]
        for record in records { if let kind = record.processor { kinds[kind, default: []].append(record.part) } }
        guard kinds.count < 2 else { throw PlanError(.mixedProcessors(kinds), path: location.path) }
        return records
    }

    private static func digest(of file: ReadableFile) throws -> String {
        var digest = SHA256()
        let pieceByteCount = 1 << 20
        for start in stride(from: 0, to: file.byteCount, by: pieceByteCount) {
            digest.update(try file.bytes(start..<min(file.byteCount, start + pieceByteCount)))
        }
        return digest.hexadecimal
    }

    /// What bears a name itself, links not followed; nil if nothing does.
    private static func kind(of path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }
}
