import Foundation
import FuzzTargets

/// Drives the targets with libFuzzer: `Fuzz TARGET` and libFuzzer's own arguments.
///
/// `Fuzz --list` prints the targets. `Fuzz --seeds TARGET FOLDER` writes the inputs to begin with, and beside the folder, as
/// `FOLDER.dict`, the words of the format.
@main enum Fuzz {
    /// What libFuzzer's callbacks need; they come from one thread.
    nonisolated(unsafe) private static var session: FuzzSession?
    nonisolated(unsafe) private static var mutator: Mutator?

    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 1 else {
            fail("usage: Fuzz TARGET [ARGUMENTS OF LIBFUZZER] | --list | --seeds TARGET FOLDER")
        }
        switch arguments[1] {
        case "--list": for target in FuzzTarget.all { print(target.name) }
        case "--seeds" where arguments.count == 4: try writeSeeds(of: target(arguments[2]), to: arguments[3])
        default: try drive(target(arguments[1]), [arguments[0]] + arguments.dropFirst(2))
        }
    }

    private static func target(_ name: String) -> FuzzTarget {
        guard let target = FuzzTarget.named(name) else { fail("there is no target \"\(name)\"") }
        return target
    }

    private static func fail(_ message: String) -> Never {
        FileHandle.standardError.write(Data((message + "\n").utf8))
        exit(2)
    }

    private static func writeSeeds(of target: FuzzTarget, to folder: String) throws {
        let session = try FuzzSession(target)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (number, seed) in session.seeds.enumerated() {
            try Data(seed).write(to: URL(filePath: "\(folder)/seed-\(number)"))
        }
        let lines = target.words.map { word in
            let text = word.utf8.map { String(format: "\\x%02x", $0) }.joined()
            return "\"\(text)\"\n"
        }
        try Data(lines.joined().utf8).write(to: URL(filePath: folder + ".dict"))
    }

    private static func drive(_ target: FuzzTarget, _ arguments: [String]) throws {
        let session = try FuzzSession(target)
        self.session = session
        mutator = Mutator(session, seed: 1)
        // libFuzzer leaves with exit() when it is done; the session's folder goes with it.
        atexit { Fuzz.session = nil }
        // libFuzzer takes only signals that nobody has taken, such as Swift's tracer of crashes.
        for number in [SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP] { signal(number, SIG_DFL) }
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var count = CInt(arguments.count)
        let status = pointers.withUnsafeMutableBufferPointer { buffer in
            var start = buffer.baseAddress!
            return withUnsafeMutablePointer(to: &start) { runDriver(&count, $0, testOneInput) }
        }
        exit(status)
    }

    private static let testOneInput: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt = { start, count in
        let bytes = Array(UnsafeBufferPointer(start: start, count: count))
        do {
            _ = try session?.runWithinLimits(bytes)
        } catch {
            end("\(error)")
        }
        return 0
    }

    private static func end(_ finding: String) -> Never {
        FileHandle.standardError.write(Data("finding: \(finding)\n".utf8))
        abort()
    }

    /// Our own change of an input in one case of four, else one of libFuzzer's.
    fileprivate static func mutate(_ data: UnsafeMutablePointer<UInt8>, _ count: Int, limit: Int, seed: UInt32) -> Int {
        guard seed % 4 == 0, mutator != nil else { return libFuzzerMutate(data, count, limit) }
        var bytes = Array(UnsafeBufferPointer(start: data, count: count))
        mutator?.change(&bytes)
        let length = min(bytes.count, limit)
        guard length > 0 else { return libFuzzerMutate(data, count, limit) }
        for index in 0..<length { data[index] = bytes[index] }
        return length
    }
}

@_cdecl("LLVMFuzzerCustomMutator")
func customMutator(_ data: UnsafeMutablePointer<UInt8>, _ count: Int, _ limit: Int, _ seed: UInt32) -> Int {
    Fuzz.mutate(data, count, limit: limit, seed: seed)
}

@_silgen_name("LLVMFuzzerMutate")
private func libFuzzerMutate(_ data: UnsafeMutablePointer<UInt8>, _ count: Int, _ limit: Int) -> Int

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ argumentCount: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
