/// The classes of characters that splitting patterns speak of; a character may be in several.
struct ScalarClass: OptionSet {
    var rawValue: UInt16

    static let letter = ScalarClass(rawValue: 1)
    static let number = ScalarClass(rawValue: 2)
    static let mark = ScalarClass(rawValue: 4)
    static let punctuation = ScalarClass(rawValue: 8)
    static let symbol = ScalarClass(rawValue: 16)
    static let space = ScalarClass(rawValue: 32)
    /// Can be a part of a word, as far as single-word tokens are concerned.
    static let word = ScalarClass(rawValue: 64)
    /// A letter of upper case or title case.
    static let upper = ScalarClass(rawValue: 128)
    /// A letter of lower case.
    static let lower = ScalarClass(rawValue: 256)

    /// Whether the two have a class in common.
    @inline(__always)
    func meets(_ other: ScalarClass) -> Bool { rawValue & other.rawValue != 0 }
}

/// The classes of all Unicode scalars.
struct ScalarClasses: Sendable {
    private let classes: [UInt16]

    /// The classes that HuggingFace tokenizers puts scalars in.
    static let huggingFace = ScalarClasses(ofLlama: false)
    /// The classes that stock llama.cpp puts scalars in.
    static let llama = ScalarClasses(ofLlama: true)

    private init(ofLlama: Bool) {
        var classes = [UInt16](repeating: 0, count: 0x110000)
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
        for (scalarClass, ranges) in [(ScalarClass.upper, LetterCaseTables.upper), (.lower, LetterCaseTables.lower)] {
            for index in stride(from: 0, to: ranges.count, by: 3) {
                // Stock llama.cpp tells the cases of ASCII alone apart.
                for scalar in stride(from: ranges[index], through: ranges[index + 1], by: Int(ranges[index + 2]))
                where scalar < 0x80 || !ofLlama { classes[Int(scalar)] |= scalarClass.rawValue }
            }
        }
        if ofLlama { forEach(of: ScalarClassTables.newerThanLlama) { classes[$0] = 0 } }
        self.classes = classes
    }

    subscript(scalar: UInt32) -> ScalarClass {
        scalar < 0x110000 ? ScalarClass(rawValue: classes[Int(scalar)]) : []
    }

    /// Calls `body` with the classes of the scalars 0 to 0x10ffff.
    func withTable<R>(_ body: (UnsafePointer<UInt16>) -> R) -> R {
        classes.withUnsafeBufferPointer { body($0.baseAddress!) }
    }
}
