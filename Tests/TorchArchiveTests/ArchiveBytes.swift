import Foundation

/// A zip archive of stored entries, to be damaged at one place.
struct ArchiveBytes {
    struct Entry {
        var name: String
        var data: [UInt8]
        /// What the directory says; nil for the truth.
        var byteCount: Int?
        var headerOffset: Int?
        var method: UInt16 = 0
        var flags: UInt16 = 0
        /// What the header before the data says; nil for the directory's name.
        var headerName: String?
    }

    var entries: [Entry]
    /// What the end says; nil for the truth.
    var announcedCount: Int?
    var directoryOffset: Int?
    var comment: [UInt8] = []

    init(entries: [Entry]) { self.entries = entries }

    /// The parts of a file of torch.save.
    init(pickle: [UInt8], storages: [String: [UInt8]] = ["0": [UInt8](repeating: 0, count: 16)]) {
        entries = [Entry(name: "m/data.pkl", data: pickle)]
        entries += storages.sorted { $0.key < $1.key }.map { Entry(name: "m/data/\($0)", data: $1) }
    }

    var bytes: [UInt8] {
        var result: [UInt8] = []
        var directory: [UInt8] = []
        for entry in entries {
            let offset = result.count
            let size = UInt32(entry.data.count).bytes
            let name = Array(entry.name.utf8)
            let headerName = Array((entry.headerName ?? entry.name).utf8)
            let common = entry.flags.bytes + entry.method.bytes + [UInt8](repeating: 0, count: 8)
            result += [0x50, 0x4b, 3, 4, 0, 0] + common + size + size + UInt16(headerName.count).bytes + [0, 0]
            result += headerName + entry.data
            let announced = UInt32(truncatingIfNeeded: entry.byteCount ?? entry.data.count).bytes
            directory += [0x50, 0x4b, 1, 2, 0, 0, 0, 0] + common + announced + announced + UInt16(name.count).bytes
            directory += [UInt8](repeating: 0, count: 12)
            directory += UInt32(truncatingIfNeeded: entry.headerOffset ?? offset).bytes + name
        }
        let count = UInt16(truncatingIfNeeded: announcedCount ?? entries.count).bytes
        let offset = UInt32(truncatingIfNeeded: directoryOffset ?? result.count).bytes
        result += directory + [0x50, 0x4b, 5, 6, 0, 0, 0, 0] + count + count + UInt32(directory.count).bytes
        return result + offset + UInt16(comment.count).bytes + comment
    }
}

/// Instructions of pickle protocol 2.
enum Pickle {
    static func text(_ text: String) -> [UInt8] { [0x58] + UInt32(text.utf8.count).bytes + text.utf8 }

    static func number(_ number: Int) -> [UInt8] {
        [0x8a, 8] + withUnsafeBytes(of: Int64(number).littleEndian, Array.init)
    }

    static func global(_ module: String, _ name: String) -> [UInt8] { Array("c\(module)\n\(name)\n".utf8) }

    static func tuple(_ parts: [UInt8]...) -> [UInt8] { [0x28] + parts.joined() + [0x74] }

    static func storage(_ type: String = "FloatStorage", key: String = "0", count: Int = 4) -> [UInt8] {
        tuple(text("storage"), global("torch", type), text(key), text("cpu"), number(count)) + [0x51]
    }

    static let hooks = global("collections", "OrderedDict") + [0x29, 0x52]

    static func tensor(
        _ storage: [UInt8] = storage(), offset: Int = 0, shape: [Int] = [4], strides: [Int] = [1],
        function: String = "_rebuild_tensor_v2"
    ) -> [UInt8] {
        global("torch._utils", function)
            + tuple(
                storage, number(offset), [0x28] + shape.flatMap(number) + [0x74],
                [0x28] + strides.flatMap(number) + [0x74], [0x89], hooks) + [0x52]
    }

    /// A whole pickle whose value is a table.
    static func table(_ pairs: (String, [UInt8])...) -> [UInt8] {
        [0x80, 2, 0x7d, 0x28] + pairs.flatMap { text($0.0) + $0.1 } + [0x75, 0x2e]
    }

    /// A whole pickle whose table has one value.
    static func one(_ value: [UInt8]) -> [UInt8] { table(("a", value)) }
}

extension FixedWidthInteger {
    var bytes: [UInt8] { withUnsafeBytes(of: littleEndian, Array.init) }
}

extension [UInt8] {
    func write(to path: String) throws { try Data(self).write(to: URL(filePath: path)) }
}
