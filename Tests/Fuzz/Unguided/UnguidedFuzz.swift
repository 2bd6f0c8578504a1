import Foundation
import FuzzTargets

/// Gives a target changed inputs as fast as it takes them.
///
/// `UnguidedFuzz TARGET COUNT SEED KEPT CURRENT` changes the target's own inputs and those of the folder KEPT, which libFuzzer
/// has found to reach something new. What is tried stands in the file CURRENT, which goes when nothing was found.
/// `UnguidedFuzz --list` prints the targets, `UnguidedFuzz --tell TARGET FILE …` what becomes of some inputs.
@main enum UnguidedFuzz {
    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch arguments.first {
        case "--list": for target in FuzzTarget.all { print(target.name) }
        case "--tell" where arguments.count > 2:
            let session = try FuzzSession(target(arguments[1]))
            for path in arguments.dropFirst(2) {
                print("\(path): \(try tell(session.run(Array(Data(contentsOf: URL(filePath: path))))))")
            }
        default:
            guard arguments.count == 5, let count = Int(arguments[1]), count > 0, let seed = UInt64(arguments[2]) else {
                end("usage: UnguidedFuzz TARGET COUNT SEED KEPT CURRENT | --list | --tell TARGET FILE …", status: 2)
            }
            if let finding = try give(
                target(arguments[0]), count, seed: seed, kept: arguments[3], current: arguments[4])
            {
                end("finding: \(finding)", status: 1)
            }
        }
    }

    private static func target(_ name: String) -> FuzzTarget {
        guard let target = FuzzTarget.named(name) else { end("there is no target \"\(name)\"", status: 2) }
        return target
    }

    private static func tell(_ outcome: FuzzSession.Outcome) -> String {
        switch outcome {
        case .accepted: "accepted"
        case .refused(let diagnostic): [diagnostic.place, diagnostic.problem].compactMap { $0 }.joined(separator: ": ")
        }
    }

    private static func give(
        _ target: FuzzTarget, _ count: Int, seed: UInt64, kept: String, current: String
    ) throws -> FuzzFinding? {
        let session = try FuzzSession(target)
        let current = try CurrentInput(path: current)
        var mutator = Mutator(session, inputs: try inputs(in: kept), seed: seed)
        var acceptedCount = 0
        for _ in 0..<count {
            let bytes = mutator.next()
            current.store(bytes)
            // What never comes back is ended by the signal.
            alarm(30)
            do {
                if try session.runWithinLimits(bytes) == .accepted { acceptedCount += 1 }
            } catch {
                return error
            }
        }
        try current.remove()
        print("\(count) inputs, \(acceptedCount) accepted")
        return nil
    }

    private static func inputs(in folder: String) throws -> [[UInt8]] {
        guard FileManager.default.fileExists(atPath: folder) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map {
            Array(try Data(contentsOf: URL(filePath: "\(folder)/\($0)")))
        }
    }

    private static func end(_ message: String, status: CInt) -> Never {
        FileHandle.standardError.write(Data((message + "\n").utf8))
        exit(status)
    }
}

/// The input at hand in a file that outlives the process.
private struct CurrentInput {
    private let path: String
    private let map: UnsafeMutableRawPointer

    /// Longer inputs are cut; none is.
    private static let byteLimit = 16 << 20

    init(path: String) throws {
        self.path = path
        let descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
        guard descriptor >= 0, ftruncate(descriptor, off_t(8 + Self.byteLimit)) == 0,
            let map = mmap(nil, 8 + Self.byteLimit, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
            map != MAP_FAILED
        else { throw CocoaError(.fileWriteUnknown) }
        close(descriptor)
        self.map = map
    }

    /// The length, eight bytes with the lowest first, and the input.
    func store(_ bytes: [UInt8]) {
        let count = min(bytes.count, Self.byteLimit)
        map.storeBytes(of: UInt64(count).littleEndian, as: UInt64.self)
        bytes.withUnsafeBytes { (map + 8).copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(map), byteCount: count) }
    }

    func remove() throws { try FileManager.default.removeItem(atPath: path) }
}
