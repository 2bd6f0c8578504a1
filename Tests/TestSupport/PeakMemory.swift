import Foundation

/// The memory that work takes at its peak; for processes that do nothing else, such as those of exit tests.
public enum PeakMemory {
    /// Whether the system tells a process its peak, and lets it begin anew.
    public static let isKnown = FileManager.default.isWritableFile(atPath: "/proc/self/clear_refs")

    /// The bytes by which the process grew at most while it did some work.
    ///
    /// - Throws: what `work` throws, and errors of reading the system's figures.
    public static func of<Result>(_ work: () throws -> Result) throws -> (result: Result, byteCount: Int) {
        giveBackAtOnce()
        try Data("5".utf8).write(to: URL(filePath: "/proc/self/clear_refs"))
        let before = try figure("VmRSS:")
        let result = try work()
        return (result, try figure("VmHWM:") - before)
    }

    /// Has freed blocks given back to the system, so that the next work is not done in them unseen.
    private static func giveBackAtOnce() {
        let (trimThreshold, mapThreshold): (Int32, Int32) = (-1, -3)
        guard let symbol = dlsym(nil, "mallopt") else { return }
        let setOption = unsafeBitCast(symbol, to: (@convention(c) (Int32, Int32) -> Int32).self)
        _ = setOption(trimThreshold, 1 << 16)
        _ = setOption(mapThreshold, 1 << 16)
    }

    private static func figure(_ key: String) throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix(key) }
        let kibibytes = line?.split { $0 == " " || $0 == "\t" }.dropFirst().first.flatMap { Int($0) }
        guard let kibibytes else { throw CocoaError(.fileReadCorruptFile) }
        return 1024 * kibibytes
    }
}
