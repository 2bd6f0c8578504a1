import Files
import Numerics
import TestSupport
import Testing
import TorchArchive

/// Files that must be refused, each with its own kind of error.
@Suite struct TorchRefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let kind: TorchArchiveError.Kind

        init(_ name: String, _ bytes: [UInt8], _ kind: TorchArchiveError.Kind) {
            (testDescription, self.bytes, self.kind) = (name, bytes, kind)
        }

        init(_ name: String, pickle: [UInt8], _ kind: TorchArchiveError.Kind) {
            self.init(name, ArchiveBytes(pickle: pickle).bytes, kind)
        }

        init(_ name: String, tensor: [UInt8], _ kind: TorchArchiveError.Kind) {
            self.init(name, pickle: Pickle.one(tensor), kind)
        }
    }

    /// Written by PyTorch; see Tests/Generators/torch_golden.py.
    static let written: [(String, TorchArchiveError.Kind)] = [
        ("os-system", .refusedGlobal("posix.system")),
        ("eval", .refusedGlobal("__builtin__.eval")),
        ("zip-file", .refusedGlobal("zipfile.ZipFile")),
        ("load", .refusedGlobal("torch.serialization.load")),
        ("module", .refusedGlobal("torch.nn.modules.linear.Linear")),
        ("sparse", .refusedGlobal("torch._utils._rebuild_sparse_tensor")),
        ("quantized", .refusedGlobal("torch._utils._rebuild_qtensor")),
        ("conjugate", .invalidPickle("a tensor is not described as PyTorch does")),
        ("nested-table", .notATensor),
        ("list", .notAStateDictionary),
        ("legacy", .legacyFormat),
        ("script", .compressed(method: 8)),
        ("compressed", .compressed(method: 8)),
        ("nested-zip", .nestedArchive),
        ("big-endian", .byteOrder("big")),
        ("storage-longer-than-its-file", .wrongStorageByteCount(found: 12, expected: 16)),
        ("two-pickles", .severalPickles(["archive/data.pkl", "other/data.pkl"])),
        ("expanded", .overlappingElements(shape: [4, 8], strides: [0, 1])),
    ]

    @Test(arguments: written) func refusesWhatTorchWrote(name: String, kind: TorchArchiveError.Kind) throws {
        let path = Fixtures.path("golden/torch/refused/\(name).bin")
        let error = try #require(throws: TorchArchiveError.self) { try TorchFile(path: path) }
        #expect(error.kind == kind)
        #expect(error.diagnostic.file == path)
    }

    static let pickles: [Case] = [
        Case(
            "os.system", tensor: Pickle.global("os", "system") + Pickle.tuple(Pickle.text("true")) + [0x52],
            .refusedGlobal("os.system")),
        Case("builtins.eval", tensor: Pickle.global("builtins", "eval"), .refusedGlobal("builtins.eval")),
        Case(
            "by stack", tensor: Pickle.text("nt") + Pickle.text("system") + [0x93], .refusedGlobal("nt.system")),
        Case("look-alike", tensor: Pickle.global("torch", "FloatStorage.x"), .refusedGlobal("torch.FloatStorage.x")),
        Case("INST", tensor: Array("ios\nsystem\n".utf8), .refusedOpcode("INST")),
        Case("OBJ", tensor: [0x28, 0x6f], .refusedOpcode("OBJ")),
        Case("NEWOBJ", tensor: [0x81], .refusedOpcode("NEWOBJ")),
        Case("EXT1", tensor: [0x82, 1], .refusedOpcode("EXT1")),
        Case("unknown", tensor: [0xff], .refusedOpcode("the unknown instruction 0xff")),
        Case(
            "attributes of a tensor", tensor: Pickle.tensor() + [0x7d, 0x62],
            .refusedOpcode("BUILD for something else than a table")),
        Case("empty", pickle: [], .pickleTruncated),
        Case("no end", pickle: [0x80, 2, 0x7d], .pickleTruncated),
        Case("cut text", pickle: [0x80, 2, 0x58, 9, 0, 0, 0, 0x61], .pickleTruncated),
        Case("huge text", pickle: [0x80, 4, 0x8d] + UInt64.max.bytes, .pickleTruncated),
        Case("endless name", pickle: [0x80, 2, 0x63] + [UInt8](repeating: 0x61, count: 100), .pickleTruncated),
        Case(
            "long name", pickle: [0x80, 2, 0x63] + [UInt8](repeating: 0x61, count: 5000),
            .limitExceeded("bytes of a name", limit: 1024)),
        Case("more behind", pickle: Pickle.one(Pickle.tensor()) + [0], .bytesAfterPickle(1)),
        Case("protocol", pickle: [0x80, 9, 0x7d, 0x2e], .invalidPickle("protocol 9")),
        Case("no value", pickle: [0x80, 2, 0x2e], .invalidPickle("a value is missing on its stack")),
        Case("left over", pickle: [0x80, 2, 0x7d, 0x7d, 0x2e], .invalidPickle("values are left over at its end")),
        Case(
            "below a mark", pickle: [0x80, 2, 0x4e, 0x28, 0x85, 0x2e],
            .invalidPickle("a value is missing on its stack")),
        Case("no mark", pickle: [0x80, 2, 0x74, 0x2e], .invalidPickle("a mark is missing on its stack")),
        Case("not a table", pickle: [0x80, 2, 0x4e, 0x2e], .notAStateDictionary),
        Case("number as key", pickle: [0x80, 2, 0x7d, 0x4e, 0x4e, 0x73, 0x2e], .notAStateDictionary),
        Case(
            "odd pairs", pickle: [0x80, 2, 0x7d, 0x28, 0x4e, 0x75, 0x2e], .invalidPickle("a key without a value")),
        Case(
            "not UTF-8", pickle: [0x80, 2, 0x7d, 0x55, 1, 0xff, 0x4e, 0x73, 0x2e],
            .invalidPickle("a text is not UTF-8")),
        Case("duplicate", pickle: Pickle.table(("a", Pickle.tensor()), ("a", Pickle.tensor())), .duplicateTensor),
        Case(
            "memo bomb", pickle: [0x80, 2, 0x29, 0x72] + UInt32.max.bytes + [0x2e],
            .invalidPickle("it remembers value \(UInt32.max) after 0")),
        Case("not remembered", pickle: [0x80, 2, 0x68, 0], .invalidPickle("it recalls value 0 of 0")),
        Case(
            "deep marks", pickle: [0x80, 2] + [UInt8](repeating: 0x28, count: 100_000),
            .limitExceeded("nested marks", limit: 256)),
        Case(
            "full stack", pickle: [0x80, 2] + [UInt8](repeating: 0x29, count: 100_000),
            .limitExceeded("values on its stack", limit: 1 << 16)),
        Case(
            "deep tuples", pickle: [0x80, 2, 0x29] + [UInt8](repeating: 0x85, count: 1 << 20) + [0x2e],
            .notAStateDictionary),
        Case(
            "deeper tuples", pickle: [0x80, 2, 0x29] + [UInt8](repeating: 0x85, count: 1 << 22) + [0x2e],
            .limitExceeded("elements of tuples", limit: 1 << 22)),
        Case(
            "doubling tuples",
            pickle: [0x80, 2, 0x29] + (0..<200).flatMap { [0x71, UInt8($0), 0x68, UInt8($0), 0x86] } + [0x2e],
            .notAStateDictionary),
        Case(
            "huge tuple as arguments",
            pickle: Pickle.one(
                Pickle.global("torch._utils", "_rebuild_tensor_v2") + [0x28]
                    + [UInt8](repeating: 0x4e, count: 60_000) + [0x74, 0x52]),
            .limitExceeded("parts of one value", limit: 8)),
        Case(
            "too many tables", pickle: [0x80, 2, 0x5d] + (0...1 << 21).flatMap { _ in [0x7d, 0x61] as [UInt8] },
            .limitExceeded("tables", limit: 1 << 21)),
        Case(
            "huge pickle", pickle: [UInt8](repeating: 0x4e, count: 1 << 24 + 1),
            .pickleTooLarge(byteCount: 1 << 24 + 1, limit: 1 << 24)),
    ]

    static let tensors: [Case] = {
        let malformed = TorchArchiveError.Kind.invalidPickle("a tensor is not described as PyTorch does")
        let shape = TorchArchiveError.Kind.invalidPickle("a tensor's shape is not valid")
        let storage = TorchArchiveError.Kind.invalidPickle("a storage is not described as PyTorch does")
        return [
            Case("a number", tensor: [0x4b, 1], .notATensor),
            Case(
                "no arguments", tensor: Pickle.global("torch._utils", "_rebuild_tensor_v2") + [0x29, 0x52], malformed),
            Case(
                "no type", tensor: Pickle.tensor(function: "_rebuild_tensor_v3"),
                .invalidPickle("a tensor without its type")),
            Case(
                "bytes", tensor: Pickle.tensor(Pickle.storage("UntypedStorage", count: 16)),
                .invalidPickle("a tensor without its type")),
            Case("not a storage", tensor: Pickle.tuple(Pickle.text("x")) + [0x51], storage),
            Case("class of no storage", tensor: Pickle.storage("Size"), storage),
            Case("negative count", tensor: Pickle.storage(count: -1), storage),
            Case(
                "calls a text", tensor: Pickle.text("a") + [0x29, 0x52],
                .invalidPickle("it calls something that is no name")),
            Case(
                "calls a type", tensor: Pickle.global("torch", "float32") + [0x29, 0x52],
                .invalidPickle("it calls a type")),
            Case("negative shape", tensor: Pickle.tensor(shape: [-4]), shape),
            Case("negative stride", tensor: Pickle.tensor(strides: [-1]), shape),
            Case("negative offset", tensor: Pickle.tensor(offset: -1), shape),
            Case("more strides", tensor: Pickle.tensor(strides: [1, 1]), shape),
            Case(
                "nine dimensions",
                tensor: Pickle.tensor(shape: .init(repeating: 1, count: 9), strides: .init(repeating: 1, count: 9)),
                .limitExceeded("parts of one value", limit: 8)),
            Case("missing", tensor: Pickle.tensor(Pickle.storage(key: "1")), .missingStorage("m/data/1")),
            Case(
                "outside the folder", tensor: Pickle.tensor(Pickle.storage(key: "../data.pkl")),
                .missingStorage("m/data/../data.pkl")),
            Case(
                "longer than its file", tensor: Pickle.tensor(Pickle.storage(count: 5)),
                .wrongStorageByteCount(found: 16, expected: 20)),
            Case(
                "shorter than its file", tensor: Pickle.tensor(Pickle.storage(count: 3)),
                .wrongStorageByteCount(found: 16, expected: 12)),
            Case(
                "huge storage", tensor: Pickle.tensor(Pickle.storage(count: .max)),
                .wrongStorageByteCount(found: 16, expected: .max)),
            Case(
                "outside", tensor: Pickle.tensor(offset: 1),
                .tensorOutsideStorage(elementCount: 5, storageElementCount: 4)),
            Case(
                "far outside", tensor: Pickle.tensor(offset: .max),
                .tensorOutsideStorage(elementCount: .max, storageElementCount: 4)),
            Case(
                "none, outside", tensor: Pickle.tensor(offset: 5, shape: [0]),
                .tensorOutsideStorage(elementCount: 5, storageElementCount: 4)),
            Case(
                "strided outside", tensor: Pickle.tensor(shape: [2, 2], strides: [3, 1]),
                .tensorOutsideStorage(elementCount: 5, storageElementCount: 4)),
            Case(
                "overflow", tensor: Pickle.tensor(shape: [1 << 32, 1 << 32], strides: [1 << 32, 1]),
                .shapeTooLarge([1 << 32, 1 << 32])),
            Case(
                "strides overflow", tensor: Pickle.tensor(shape: [3, 2], strides: [.max, 1]),
                .shapeTooLarge([3, 2])),
            Case(
                "the same bytes", tensor: Pickle.tensor(shape: [1 << 20, 4], strides: [0, 1]),
                .overlappingElements(shape: [1 << 20, 4], strides: [0, 1])),
            Case(
                "shared bytes", tensor: Pickle.tensor(shape: [2, 3], strides: [1, 1]),
                .overlappingElements(shape: [2, 3], strides: [1, 1])),
        ]
    }()

    static let archives: [Case] = {
        let good = ArchiveBytes(pickle: Pickle.one(Pickle.tensor()))
        func damaged(_ change: (inout ArchiveBytes) -> Void) -> [UInt8] {
            var archive = good
            change(&archive)
            return archive.bytes
        }
        func contradiction(_ reason: String) -> TorchArchiveError.Kind { .damagedDirectory(reason) }
        // An entry inside the data of another.
        let inner = ArchiveBytes.Entry(name: "m/data/1", data: [0, 0, 0, 0])
        var outer = good
        outer.entries[1].data = ArchiveBytes(entries: [inner]).bytes
        outer.entries.append(inner)
        outer.entries[2].headerOffset = 2 * 30 + 10 + good.entries[0].data.count + 8
        let overlapping = outer.bytes
        let header = contradiction("it does not agree with the header before the data")
        let elsewhere = contradiction("it is not where the end of the archive says")
        return [
            Case("no bytes", [], .notAnArchive),
            Case("text", Array("<!DOCTYPE html><title>404</title>".utf8), .notAnArchive),
            Case("cut", good.bytes.dropLast(), .endMissing),
            Case("cut in the data", Array(good.bytes.prefix(60)), .endMissing),
            Case("old", [0x80, 2, 0x8a, 0x0a, 0x6c], .legacyFormat),
            Case("bytes before", [0] + good.bytes, elsewhere),
            Case("bytes behind", good.bytes + [0], .endMissing),
            Case("empty archive", ArchiveBytes(entries: []).bytes, .noPickle),
            Case("no pickle", damaged { $0.entries[0].name = "m/data.txt" }, .noPickle),
            Case("pickle deeper", damaged { $0.entries[0].name = "m/n/data.pkl" }, .noPickle),
            Case("compressed", damaged { $0.entries[1].method = 8 }, .compressed(method: 8)),
            Case("encrypted", damaged { $0.entries[1].flags = 1 }, .encrypted),
            Case("duplicate", damaged { $0.entries[1].name = "m/data.pkl" }, .duplicateEntry),
            Case(
                "two pickles", damaged { $0.entries[1].name = "n/data.pkl" },
                .severalPickles(["m/data.pkl", "n/data.pkl"])),
            Case("overlap", overlapping, .overlap(with: "m/data/0")),
            Case("longer than the data", damaged { $0.entries[1].byteCount = 1 << 20 }, header),
            Case("header outside", damaged { $0.entries[1].headerOffset = 1 << 30 }, .entryOutsideFile),
            Case(
                "wide size missing", damaged { $0.entries[1].byteCount = 0xffff_ffff },
                contradiction("the entry's record is not valid")),
            Case("another name", damaged { $0.entries[1].headerName = "m/data/1" }, header),
            Case("longer name", damaged { $0.entries[1].headerName = String(repeating: "a", count: 60_000) }, header),
            Case("more entries", damaged { $0.announcedCount = 3 }, contradiction("3 entries announced, 2 found")),
            Case("directory elsewhere", damaged { $0.directoryOffset = 0 }, elsewhere),
            Case("directory outside", damaged { $0.directoryOffset = 0xffff_fffe }, elsewhere),
            Case(
                "wide directory missing", damaged { $0.directoryOffset = 0xffff_ffff },
                contradiction("its size and place are contradictory")),
        ]
    }()

    @Test(arguments: pickles + tensors + archives) func refuses(_ example: Case) throws {
        try Fixtures.withTemporaryDirectory { directory in
            let path = "\(directory)/pytorch_model.bin"
            try example.bytes.write(to: path)
            let error = try #require(throws: TorchArchiveError.self) { try TorchFile(path: path) }
            #expect(error.kind == example.kind)
            #expect(error.diagnostic.file == path)
            #expect(!error.description.isEmpty)
        }
    }

    /// Memory that no table of tensors needs.
    @Test func millionsOfPairs() throws {
        try Conformance.row("inputs/pickle-of-pairs")
        let pairs = (0..<40).flatMap { _ in [0x28] + [UInt8](repeating: 0x4e, count: 32_000) + [0x75] as [UInt8] }
        try refuses(
            Case("pairs", pickle: [0x80, 2, 0x7d] + pairs + [0x2e], .limitExceeded("pairs of tables", limit: 1 << 19)))
    }

    @Test func acceptsWhatTheCasesDamage() throws {
        try Fixtures.withTemporaryDirectory { directory in
            let path = "\(directory)/pytorch_model.bin"
            var archive = ArchiveBytes(pickle: Pickle.one(Pickle.tensor()))
            archive.comment = Array("hello".utf8)
            try archive.bytes.write(to: path)
            #expect(try TorchFile(path: path).tensors.map(\.shape) == [[4]])
        }
    }

    @Test(arguments: ["types", "views", "protocols/2", "protocols/4", "by-python"])
    func damagedFilesNeverCrash(name: String) throws {
        let whole = try ReadableFile.contents(of: Fixtures.path("golden/torch/\(name).bin"))
        var random = SeededRandom(seed: 12)
        try Fixtures.withTemporaryDirectory { directory in
            for round in 0..<120 {
                let path = "\(directory)/\(round).bin"
                var bytes = whole
                if round % 8 == 0 { bytes.removeLast(Int.random(in: 1...bytes.count, using: &random)) }
                for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
                    bytes[.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
                }
                try bytes.write(to: path)
                do {
                    let file = try TorchFile(path: path)
                    for tensor in file.tensors { _ = try file.bytes(of: tensor, 0..<tensor.byteCount) }
                } catch let error as any DiagnosticError {
                    #expect(!error.description.isEmpty)
                }
            }
        }
    }
}
