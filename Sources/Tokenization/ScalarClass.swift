/// The classes of characters that splitting patterns speak of; a character may be in several.
struct ScalarClass: OptionSet {
    var rawValue: UInt8

    static let letter = ScalarClass(rawValue: 1)
    static let number = ScalarClass(rawValue: 2)
    static let mark = ScalarClass(rawValue: 4)
    static let punctuation = ScalarClass(rawValue: 8)
    static let symbol = ScalarClass(rawValue: 16)
    static let space = ScalarClass(rawValue: 32)
    /// Can be a part of a word, as far as single-word tokens are concerned.
    static let word = ScalarClass(rawValue: 64)

    /// Whether the two have a class in common.
    @inline(__always)
    func meets(_ other: ScalarClass) -> Bool { rawValue & other.rawValue != 0 }
}

/// The classes of all Unicode scalars.
struct ScalarClasses: Sendable {
    private let classes: [UInt8]

    /// As HuggingFace tokenizers knows them.
    static let huggingFace = ScalarClasses(withoutNewer: false)
    /// As stock llama.cpp knows them.
    static let llama = ScalarClasses(withoutNewer: true)

    private init(withoutNewer: Bool) {
        var classes = [UInt8](repeating: 0, count: 0x110000)
        func forEach(of ranges: [UInt32], _ body: (Int) -> Void) {
            for index in stride(from: 0, to: ranges.count, by: 2) {
                for scalar in ranges[index]...ranges[index + 1] { body(Int(scalar)) }
            }
        }
        let tables: [(ScalarClass, [UInt32])] = [
            (.letter, ScalarClassTables.letters), (.number, ScalarClassTables.numbers),
            (.mark, ScalarClassTables.marks), (.punctuation, ScalarClassTables.punctuation),
            (.symbol, ScalarClassTables.symbols), (.space, ScalarClassTables.spaces),
            (.word, ScalarClassTables.words),
        ]
        for (scalarClass, ranges) in tables { forEach(of: ranges) { classes[$0] |= scalarClass.rawValue } }
        if withoutNewer { forEach(of: ScalarClassTables.newerThanLlama) { classes[$0] = 0 } }
        self.classes = classes
    }

    subscript(scalar: UInt32) -> ScalarClass {
        scalar < 0x110000 ? ScalarClass(rawValue: classes[Int(scalar)]) : []
    }

    /// Calls `body` with the classes of the scalars 0 to 0x10ffff.
    func withTable<R>(_ body: (UnsafePointer<UInt8>) -> R) -> R {
        classes.withUnsafeBufferPointer { body($0.baseAddress!) }
    }
}
