/// The memory that some work needs at its peak: a sum of named parts, in bytes.
///
/// What allocates memory says beside the allocation how much that is, and whoever does the work adds it up: `a + b` for what
/// is held at the same time, ``largest(_:)`` for stages that give their memory back before the next begins, and
/// ``reused(for:)`` for memory that is kept from one stage to the next and only grows.
package struct WorkingSet: Sendable, Hashable, CustomStringConvertible {
    /// A part of the memory.
    package struct Part: Sendable, Hashable {
        /// What the memory holds.
        package let name: String
        /// The size in bytes.
        package var byteCount: Int
    }

    /// The parts, each name once.
    package private(set) var parts: [Part]

    /// No memory.
    package static let none = WorkingSet(parts: [])

    private init(parts: [Part]) { self.parts = parts }

    /// Memory of one name.
    ///
    /// - Parameters:
    ///   - name: What the memory holds.
    ///   - byteCount: The size in bytes.
    package init(_ name: String, byteCount: Int) { parts = [Part(name: name, byteCount: byteCount)] }

    /// Memory of float32 values.
    ///
    /// - Parameters:
    ///   - name: What the memory holds.
    ///   - floatCount: The number of values.
    package init(_ name: String, floatCount: Int) {
        self.init(name, byteCount: floatCount * MemoryLayout<Float>.stride)
    }

    /// The size of all parts in bytes.
    package var byteCount: Int { parts.reduce(0) { $0 + $1.byteCount } }

    /// The parts with their sizes in KiB, one after the other.
    package var description: String {
        parts.map { "\($0.name) \(($0.byteCount + 1023) / 1024) KiB" }.joined(separator: ", ")
    }

    private mutating func merge(_ other: WorkingSet, _ combine: (Int, Int) -> Int) {
        for part in other.parts {
            if let place = parts.firstIndex(where: { $0.name == part.name }) {
                parts[place].byteCount = combine(parts[place].byteCount, part.byteCount)
            } else {
                parts.append(part)
            }
        }
    }

    /// The memory of two pieces of work at the same time.
    package static func + (a: WorkingSet, b: WorkingSet) -> WorkingSet {
        var sum = a
        sum.merge(b, +)
        return sum
    }

    /// The memory of work that is done `count` times at once, such as by so many threads.
    package static func * (count: Int, set: WorkingSet) -> WorkingSet {
        WorkingSet(parts: set.parts.map { Part(name: $0.name, byteCount: count * $0.byteCount) })
    }

    /// The memory of two stages, the second of which uses what the first has left under the same names: of each part the
    /// larger.
    package func reused(for other: WorkingSet) -> WorkingSet {
        var result = self
        result.merge(other, max)
        return result
    }

    /// The memory of stages of which each gives back what it used: the largest of them.
    package static func largest(_ stages: [WorkingSet]) -> WorkingSet {
        stages.max { $0.byteCount < $1.byteCount } ?? .none
    }
}
