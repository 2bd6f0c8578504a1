import Files

/// Reads the pickles in which `torch.save` describes tables of tensors (protocols 2 to 5), and no others.
///
/// It is not an interpreter of Python objects: it knows the few names of ``PickleGlobal``, refuses any other as soon as
/// it is mentioned, and calls nothing. Memory and work are linear in the pickle's size and bounded besides.
struct PickleReader {
    /// A fault and its place in the pickle.
    struct Failure: Error {
        let kind: TorchArchiveError.Kind
        let place: TorchArchiveError.Place
    }

    /// Bytes of a pickle that are read at most; the tensors of the largest shards need about one million.
    static let byteCountLimit = 1 << 24
    private static let stackLimit = 1 << 16
    private static let markLimit = 256
    private static let memoLimit = 1 << 21
    private static let elementLimit = 1 << 22
    private static let pairLimit = 1 << 19
    private static let tensorLimit = 1 << 18
    private static let rankLimit = 8
    private static let nameLimit = 1024

    private let bytes: [UInt8]
    private var position = 0
    private var start = 0
    private var stack: [PickleValue] = []
    private var marks: [Int] = []
    private var memo: [PickleValue] = []
    private var elements: [PickleValue] = []
    private var tuples: [Range<Int>] = []
    private var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
    private var pairCount = 0
    private var storages: [PickledStorage] = []
    private var tensors: [PickledTensor] = []

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The names and tensors of a pickled table, in its order.
    static func tensors(in bytes: [UInt8]) throws(Failure) -> [(name: String, tensor: PickledTensor)] {
        var reader = PickleReader(bytes)
        guard case .dictionary(let index) = try reader.run() else { throw reader.failure(.notAStateDictionary) }
        var result: [(name: String, tensor: PickledTensor)] = []
        var names: Set<ByteString> = []
        for (key, value) in reader.dictionaries[index] {
            guard case .text(let range) = key else { throw reader.failure(.notAStateDictionary) }
            let name = try reader.name(range)
            guard names.insert(ByteString(name)).inserted else {
                throw Failure(kind: .duplicateTensor, place: .tensor(name))
            }
            guard case .tensor(let number) = value else { throw Failure(kind: .notATensor, place: .tensor(name)) }
            result.append((name, reader.tensors[number]))
        }
        return result
    }

    private mutating func run() throws(Failure) -> PickleValue {
        while true {
            start = position
            let byte = try byte()
            guard let opcode = PickleOpcode(rawValue: byte) else {
                throw failure(.refusedOpcode("the unknown instruction 0x" + String(byte, radix: 16)))
            }
            if opcode == .stop { break }
            try execute(opcode)
        }
        guard position == bytes.count else { throw failure(.bytesAfterPickle(bytes.count - position)) }
        let value = try pop()
        guard stack.isEmpty, marks.isEmpty else { throw invalid("values are left over at its end") }
        return value
    }

    private mutating func execute(_ opcode: PickleOpcode) throws(Failure) {
        switch opcode {
        case .proto:
            let version = try byte()
            guard (2...5).contains(version) else { throw invalid("protocol \(version)") }
        case .frame: _ = try takeRange(8)
        case .mark:
            guard marks.count < Self.markLimit else { throw limit("nested marks", Self.markLimit) }
            marks.append(stack.count)
        case .none: try push(.none)
        case .newTrue: try push(.bool(true))
        case .newFalse: try push(.bool(false))
        case .binInt: try push(.integer(Int(Int32(truncatingIfNeeded: try integer(4)))))
        case .binInt1: try push(.integer(try integer(1)))
        case .binInt2: try push(.integer(try integer(2)))
        case .long1: try push(.integer(try signed(try integer(1))))
        case .long4: try push(.integer(try signed(try integer(4))))
        case .binFloat:
            _ = try takeRange(8)
            try push(.unused)
        case .shortBinUnicode, .shortBinString: try push(.text(try takeRange(try integer(1))))
        case .binUnicode, .binString: try push(.text(try takeRange(try integer(4))))
        case .binUnicode8: try push(.text(try takeRange(try integer(8))))
        case .shortBinBytes: try pushUnused(try integer(1))
        case .binBytes: try pushUnused(try integer(4))
        case .binBytes8: try pushUnused(try integer(8))
        case .emptyTuple: try pushTuple(from: stack.count)
        case .tuple1: try pushTuple(last: 1)
        case .tuple2: try pushTuple(last: 2)
        case .tuple3: try pushTuple(last: 3)
        case .tuple: try pushTuple(from: try popMark())
        case .emptyList: try push(.list)
        case .append: try extendList(from: try last(1))
        case .appends: try extendList(from: try popMark())
        case .emptyDict: try pushDictionary()
        case .setItem: try setItems(from: try last(2))
        case .setItems: try setItems(from: try popMark())
        case .build: try build()
        case .binPut: try remember(at: try integer(1))
        case .longBinPut: try remember(at: try integer(4))
        case .memoize: try remember(at: memo.count)
        case .binGet: try recall(try integer(1))
        case .longBinGet: try recall(try integer(4))
        case .global:
            let module = try line()
            try pushGlobal(module: module, name: try line())
        case .stackGlobal:
            let name = try popText()
            try pushGlobal(module: try popText(), name: name)
        case .binPersId: try pushStorage()
        case .reduce: try reduce()
        default: throw failure(.refusedOpcode(opcode.name))
        }
    }
}

// MARK: Bytes

extension PickleReader {
    private mutating func takeRange(_ count: Int) throws(Failure) -> Range<Int> {
        guard count >= 0, count <= bytes.count - position else { throw failure(.pickleTruncated) }
        defer { position += count }
        return position..<position + count
    }

    private mutating func byte() throws(Failure) -> UInt8 { bytes[try takeRange(1).lowerBound] }

    /// A little-endian number without sign of at most 8 bytes; one that exceeds `Int` comes out negative.
    private mutating func integer(_ count: Int) throws(Failure) -> Int {
        let range = try takeRange(count)
        return Int(truncatingIfNeeded: bytes[range].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }

    /// A little-endian number with sign.
    private mutating func signed(_ count: Int) throws(Failure) -> Int {
        guard count <= 8 else { throw invalid("a number of \(count) bytes") }
        guard count > 0 else { return 0 }
        let shift = 64 - 8 * count
        return (try integer(count) << shift) >> shift
    }

    private mutating func line() throws(Failure) -> String {
        let rest = bytes[position..<min(bytes.count, position + Self.nameLimit)]
        guard let end = rest.firstIndex(of: 0x0a) else {
            throw rest.count < Self.nameLimit ? failure(.pickleTruncated) : limit("bytes of a name", Self.nameLimit)
        }
        defer { position = end + 1 }
        return try name(position..<end)
    }

    /// A text that is kept: a name of a tensor, a storage, or something that the pickle asks for.
    private func name(_ range: Range<Int>) throws(Failure) -> String {
        guard range.count <= Self.nameLimit else { throw limit("bytes of a name", Self.nameLimit) }
        guard let text = String(validating: bytes[range], as: UTF8.self) else { throw invalid("a text is not UTF-8") }
        return text
    }

    private func failure(_ kind: TorchArchiveError.Kind) -> Failure {
        Failure(kind: kind, place: .pickleByte(start))
    }

    private func invalid(_ reason: String) -> Failure { failure(.invalidPickle(reason)) }

    private func limit(_ what: String, _ limit: Int) -> Failure { failure(.limitExceeded(what, limit: limit)) }
}

// MARK: Stack and memo

extension PickleReader {
    private mutating func push(_ value: PickleValue) throws(Failure) {
        guard stack.count < Self.stackLimit else { throw limit("values on its stack", Self.stackLimit) }
        stack.append(value)
    }

    private mutating func pushUnused(_ count: Int) throws(Failure) {
        _ = try takeRange(count)
        try push(.unused)
    }

    private mutating func pop() throws(Failure) -> PickleValue {
        let place = try last(1)
        return stack.remove(at: place)
    }

    private mutating func popText() throws(Failure) -> String {
        guard case .text(let range) = try pop() else { throw invalid("a text expected") }
        return try name(range)
    }

    /// The place of the last `count` values of the stack, none of them below a mark.
    private func last(_ count: Int) throws(Failure) -> Int {
        guard stack.count - count >= marks.last ?? 0 else { throw invalid("a value is missing on its stack") }
        return stack.count - count
    }

    private mutating func popMark() throws(Failure) -> Int {
        guard let mark = marks.popLast() else { throw invalid("a mark is missing on its stack") }
        return mark
    }

    private mutating func remember(at index: Int) throws(Failure) {
        // Picklers number what they remember in order, so nothing has to be kept for numbers in between.
        guard index <= memo.count else { throw invalid("it remembers value \(index) after \(memo.count)") }
        guard index < Self.memoLimit else { throw limit("remembered values", Self.memoLimit) }
        let value = stack[try last(1)]
        if index == memo.count { memo.append(value) } else { memo[index] = value }
    }

    private mutating func recall(_ index: Int) throws(Failure) {
        guard index < memo.count else { throw invalid("it recalls value \(index) of \(memo.count)") }
        try push(memo[index])
    }
}

// MARK: Containers

extension PickleReader {
    private mutating func pushTuple(last count: Int) throws(Failure) { try pushTuple(from: try last(count)) }

    private mutating func pushTuple(from place: Int) throws(Failure) {
        guard elements.count + tuples.count < Self.elementLimit - (stack.count - place) else {
            throw limit("elements of tuples", Self.elementLimit)
        }
        let first = elements.count
        elements.append(contentsOf: stack[place...])
        stack.removeSubrange(place...)
        tuples.append(first..<elements.count)
        try push(.tuple(tuples.count - 1))
    }

    private mutating func extendList(from place: Int) throws(Failure) {
        stack.removeSubrange(place...)
        guard case .list = stack[try last(1)] else { throw invalid("a list expected") }
    }

    private mutating func pushDictionary() throws(Failure) {
        guard dictionaries.count < Self.memoLimit else { throw limit("tables", Self.memoLimit) }
        dictionaries.append([])
        try push(.dictionary(dictionaries.count - 1))
    }

    private mutating func setItems(from place: Int) throws(Failure) {
        guard place >= 1, place > marks.last ?? 0, case .dictionary(let index) = stack[place - 1] else {
            throw invalid("a table expected")
        }
        let count = stack.count - place
        guard count.isMultiple(of: 2) else { throw invalid("a key without a value") }
        guard pairCount < Self.pairLimit - count / 2 else { throw limit("pairs of tables", Self.pairLimit) }
        pairCount += count / 2
        for key in stride(from: place, to: stack.count, by: 2) {
            dictionaries[index].append((stack[key], stack[key + 1]))
        }
        stack.removeSubrange(place...)
    }

    /// The attributes of a table, such as a module's `_metadata`: versions of its parts, not needed.
    private mutating func build() throws(Failure) {
        guard case .dictionary = try pop(), case .dictionary = stack[try last(1)] else {
            throw failure(.refusedOpcode("BUILD for something else than a table"))
        }
    }

    /// The elements of a tuple of the length of some tensor's parts; a pickle can recall a longer one at no cost.
    private func tuple(_ value: PickleValue) throws(Failure) -> [PickleValue] {
        guard case .tuple(let index) = value else { throw invalid("a tuple expected") }
        guard tuples[index].count <= Self.rankLimit else { throw limit("parts of one value", Self.rankLimit) }
        return Array(elements[tuples[index]])
    }
}

// MARK: Tensors

extension PickleReader {
    private mutating func pushGlobal(module: String, name: String) throws(Failure) {
        guard let global = PickleGlobal(module: module, name: name) else {
            throw failure(.refusedGlobal("\(module).\(name)"))
        }
        try push(.global(global))
    }

    /// `('storage', class, key, location, element count)`
    private mutating func pushStorage() throws(Failure) {
        let parts = try tuple(try pop())
        guard parts.count == 5, case .text(let kind) = parts[0], bytes[kind].elementsEqual("storage".utf8),
            case .global(.storage(let type)) = parts[1], case .text(let key) = parts[2], case .text = parts[3],
            case .integer(let count) = parts[4], count >= 0
        else { throw invalid("a storage is not described as PyTorch does") }
        guard storages.count < Self.tensorLimit else { throw limit("storages", Self.tensorLimit) }
        storages.append(PickledStorage(key: try name(key), type: type, elementCount: count))
        try push(.storage(storages.count - 1))
    }

    private mutating func reduce() throws(Failure) {
        let arguments = try tuple(try pop())
        guard case .global(let global) = try pop() else { throw invalid("it calls something that is no name") }
        switch global {
        case .orderedDictionary:
            guard arguments.isEmpty else { throw invalid("an OrderedDict made with arguments") }
            try pushDictionary()
        case .size:
            guard arguments.count == 1 else { throw invalid("a Size of \(arguments.count) arguments") }
            _ = try tuple(arguments[0])
            try push(arguments[0])
        case .rebuildParameter:
            guard arguments.count == 3, case .tensor = arguments[0], isEmptyTable(arguments[2]) else {
                throw invalid("a Parameter is not described as PyTorch does")
            }
            try push(arguments[0])
        case .rebuildTensor: try pushTensor(arguments, type: nil)
        case .rebuildTypedTensor:
            guard arguments.count >= 7, case .global(.type(let type)) = arguments[6] else {
                throw invalid("a tensor without its type")
            }
            try pushTensor(Array(arguments[..<6] + arguments[7...]), type: type)
        case .storage, .type: throw invalid("it calls a type")
        }
    }

    /// - Parameter arguments: storage, offset, shape, strides, whether gradients are wanted, hooks; and more that may
    ///   change the meaning of the elements, such as conjugation.
    private mutating func pushTensor(_ arguments: [PickleValue], type: TorchType?) throws(Failure) {
        guard (6...7).contains(arguments.count), case .storage(let number) = arguments[0],
            case .integer(let offset) = arguments[1], isEmptyTable(arguments[5]),
            arguments.count == 6 || isEmptyTable(arguments[6])
        else { throw invalid("a tensor is not described as PyTorch does") }
        let shape = try integers(arguments[2])
        let strides = try integers(arguments[3])
        guard offset >= 0, shape.count == strides.count else { throw invalid("a tensor's shape is not valid") }
        let storage = storages[number]
        guard let type = type ?? storage.type else { throw invalid("a tensor without its type") }
        guard tensors.count < Self.tensorLimit else { throw limit("tensors", Self.tensorLimit) }
        tensors.append(PickledTensor(storage: storage, type: type, offset: offset, shape: shape, strides: strides))
        try push(.tensor(tensors.count - 1))
    }

    private func integers(_ value: PickleValue) throws(Failure) -> [Int] {
        var result: [Int] = []
        for element in try tuple(value) {
            guard case .integer(let number) = element, number >= 0 else {
                throw invalid("a tensor's shape is not valid")
            }
            result.append(number)
        }
        return result
    }

    private func isEmptyTable(_ value: PickleValue) -> Bool {
        switch value {
        case .none: true
        case .dictionary(let index): dictionaries[index].isEmpty
        default: false
        }
    }
}
