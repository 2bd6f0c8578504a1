/// A table that gives for each Unicode scalar the symbol that merging starts with.
struct CharacterTable: Sendable {
    /// The symbol of a scalar that has none.
    static let none: Int32 = -1

    private var plane0 = [Int32](repeating: none, count: 0x10000)
    private var otherPlanes: [UInt32: Int32] = [:]

    subscript(scalar: UInt32) -> Int32 {
        get { scalar < 0x10000 ? plane0[Int(scalar)] : otherPlanes[scalar] ?? Self.none }
        set {
            if scalar < 0x10000 { plane0[Int(scalar)] = newValue } else { otherPlanes[scalar] = newValue }
        }
    }

    /// Calls `body` with the symbols of the basic plane and those of the others.
    func withTables<R>(_ body: (UnsafePointer<Int32>, [UInt32: Int32]) -> R) -> R {
        plane0.withUnsafeBufferPointer { body($0.baseAddress!, otherPlanes) }
    }
}
