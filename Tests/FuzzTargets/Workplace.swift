import Files
import Foundation
import Models
import Platform
import TestSupport
import Tokenizers

/// A folder for the files of a session, in memory where the system has such folders, and a small model in it.
final class Workplace {
    let path: String

    init() throws {
        let root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : NSTemporaryDirectory()
        path = "\(root)/swage-fuzz-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of a file of the folder.
    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// A folder in the folder.
    func folder(_ name: String) throws -> String {
        try FileManager.default.createDirectory(atPath: file(name), withIntermediateDirectories: true)
        return file(name)
    }

    /// Writes a file, over what is there.
    ///
    /// - Returns: its path.
    @discardableResult
    func write(_ bytes: some ContiguousBytes, as name: String) throws -> String {
        let path = file(name)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CocoaError(.fileWriteUnknown) }
        defer { close(descriptor) }
        try bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let count = POSIX.write(UnsafeRawBufferPointer(rebasing: rest), to: descriptor)
                guard count > 0 else { throw CocoaError(.fileWriteUnknown) }
                rest = rest.dropFirst(count)
            }
            // Cut to its length in the end: the pages of the earlier file are used again.
            guard ftruncate(descriptor, off_t(buffer.count)) == 0 else { throw CocoaError(.fileWriteUnknown) }
        }
        return path
    }

    /// Lays out a tiny checkpoint of `Fixtures/models/random`.
    ///
    /// - Returns: its path.
    func checkpoint(_ name: String) throws -> String {
        let directory = file("checkpoint-\(name)")
        guard !FileManager.default.fileExists(atPath: directory) else { return directory }
        let folder = Fixtures.path("models/random")
        try FileManager.default.copyItem(atPath: folder + "/tokenizer", toPath: directory)
        try FileManager.default.copyItem(atPath: "\(folder)/\(name)/config.json", toPath: directory + "/config.json")
        let weights = try Fixtures.decompressed("models/random/\(name)/model.safetensors.zst")
        try write(weights, as: "checkpoint-\(name)/model.safetensors")
        return directory
    }

    /// A tiny model with experts.
    func model() throws -> Model { try Model.open(checkpoint(Self.modelName)) }

    static let modelName = "mixtral-fused-all-experts"
}

extension FuzzTarget {
    /// The bytes of files under `Fixtures/`.
    static func fixtures(_ paths: String...) throws -> [[UInt8]] {
        try paths.map { try ReadableFile.contents(of: Fixtures.path($0)) }
    }

    /// The bytes of all files of a folder under `Fixtures/` whose names end so.
    static func fixtures(in folder: String, suffix: String) throws -> [[UInt8]] {
        let names = try FileManager.default.contentsOfDirectory(atPath: Fixtures.path(folder)).sorted()
        return try names.filter { $0.hasSuffix(suffix) }.map {
            try ReadableFile.contents(of: Fixtures.path("\(folder)/\($0)"))
        }
    }
}
