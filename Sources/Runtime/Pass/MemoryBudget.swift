import Numerics
import Platform

/// The memory that the process may use.
public struct MemoryBudget: Sendable, Hashable {
    /// The most bytes that the process may hold, including those that it holds already.
    public let byteCount: Int

    /// Makes a budget of some bytes.
    public init(byteCount: Int) { self.byteCount = byteCount }

    /// A budget of three quarters of the memory that the system has free now, or of the address space that the process may
    /// still take if that is less.
    public static var available: MemoryBudget {
        let kibibytes = value(of: "MemAvailable:", in: "/proc/meminfo") ?? 4 << 20
        return MemoryBudget(byteCount: min(kibibytes * 1024, freeAddressSpace) / 4 * 3)
    }

    /// Bytes of address space that the process may still take.
    private static var freeAddressSpace: Int {
        guard let limit = POSIX.addressSpaceLimit else { return .max }
        let taken = 1024 * (value(of: "VmSize:", in: "/proc/self/status") ?? 0)
        return max(0, limit - taken)
    }

    /// The number of bytes of the budget that the process does not hold yet; at least 0.
    public var remainingByteCount: Int { max(0, byteCount - Self.heldByteCount) }

    /// An estimate of the bytes that the process holds now: its anonymous memory and room for code and stacks.
    public static var heldByteCount: Int {
        programByteCount + 1024 * (value(of: "RssAnon:", in: "/proc/self/status") ?? 0)
    }

    /// Refuses work that does not fit beside what the process holds.
    ///
    /// - Parameters:
    ///   - set: the memory that the work needs.
    ///   - held: the bytes that the process holds, those that it holds now unless told.
    ///   - refusal: makes the error, given the bytes that the process would hold and those that it may.
    /// - Throws: what `refusal` makes, if the work does not fit.
    package func demand(
        _ set: WorkingSet, held: Int = Self.heldByteCount,
        _ refusal: (_ neededByteCount: Int, _ budgetByteCount: Int) -> any Error
    ) throws {
        let needed = held + set.byteCount
        guard needed <= byteCount else { throw refusal(needed, byteCount) }
    }

    /// The bytes that are left beside some work; below 0 if it does not fit.
    package func room(beside set: WorkingSet) -> Int { remainingByteCount - set.byteCount }

    /// How many times work of one kind fits at once, beside some other.
    package func count(of set: WorkingSet, beside other: WorkingSet = .none) -> Int {
        max(0, room(beside: other)) / max(1, set.byteCount)
    }

    /// Room for code, stacks and what the allocator loses.
    static let programByteCount = 64 << 20

    /// The number behind a key of one of the system's listings, or nil where there is none.
    private static func value(of key: String, in path: String) -> Int? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            guard text.hasPrefix(key) else { continue }
            return text.dropFirst(key.count).split { $0 == " " || $0 == "\t" }.first.flatMap { Int($0) }
        }
        return nil
    }
}
