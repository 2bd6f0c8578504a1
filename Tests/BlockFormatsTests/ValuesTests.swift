import BlockFormats
import Tensors
import Testing

/// The entry points that take and return arrays; what the codecs make of values is held against ggml by the other suites.
@Suite("Values and blocks as arrays")
struct ValuesTests {
    /// Values between −1 and 1 without a pattern that a block could exploit.
    private static let row = (0..<512).map { Float($0 * 7919 % 1024) / 512 - 1 }
    private static let importance = (0..<512).map { Float($0 % 5) }

    /// Two blocks of Q8_0, spelled out: scales 1/2 and −2, codes −128 … −97 and 0, 1, 2 … 31.
    private static let blocks: [UInt8] = [0x00, 0x38] + (128...159) + [0x00, 0xc0] + (0...31)
    private static let values = (-128...(-97)).map { Float($0) / 2 } + (0...31).map { Float($0) * -2 }

    @Test("blocks become values, from an array or a span")
    func decoding() throws {
        #expect(try BlockFormats.decode(Self.blocks, as: .q8_0) == Self.values)
        let lastBlock = Self.blocks[34...]
        let lastValues = try BlockFormats.decode(lastBlock.span.bytes, as: .q8_0)
        #expect(lastValues == Array(Self.values[32...]))
        #expect(try BlockFormats.decode([], as: .q8_0).isEmpty)
    }

    @Test("a row becomes what the codec makes of it", arguments: BlockFormats.supportedTypes)
    func encoding(type: TensorType) throws {
        let codec = try #require(BlockFormats.codec(for: type))
        #expect(try BlockFormats.encode(Self.row, as: type) == codec.encoded(Self.row, importance: nil))
        let weighted = try BlockFormats.encode(Self.row, as: type, importance: Self.importance)
        #expect(weighted == codec.encoded(Self.row, importance: Self.importance))
        #expect(try BlockFormats.decode(weighted, as: type) == codec.decoded(weighted, count: Self.row.count))
    }

    @Test("a policy takes the place of the type's own")
    func policy() throws {
        let policy = EncodingPolicy(elementWeight: .importance, gainRestoration: 1)
        let codec = try #require(BlockFormats.codec(for: .iq2_S, policy: policy))
        let encoded = try BlockFormats.encode(Self.row, as: .iq2_S, importance: Self.importance, policy: policy)
        #expect(encoded == codec.encoded(Self.row, importance: Self.importance))
        #expect(try encoded != BlockFormats.encode(Self.row, as: .iq2_S, importance: Self.importance))
    }

    @Test("what cannot be encoded or decoded is refused, with what was expected")
    func refusals() {
        func kind(_ body: () throws -> Void) -> BlockFormatError.Kind? {
            #expect(throws: BlockFormatError.self, performing: body)?.kind
        }
        #expect(kind { _ = try BlockFormats.decode([0], as: .i8) } == .unsupportedType)
        #expect(kind { _ = try BlockFormats.decode([0, 1, 2], as: .q8_0) } == .partialBytes(byteCount: 3))
        #expect(kind { _ = try BlockFormats.encode([1], as: .i8) } == .unsupportedType)
        #expect(kind { _ = try BlockFormats.encode([1, 2], as: .q4_0) } == .partialBlock(count: 2))
        var row = Self.row
        row[300] = -.infinity
        #expect(kind { _ = try BlockFormats.encode(row, as: .q4_K) } == .invalidValue(-.infinity, index: 300))
        #expect(
            kind { _ = try BlockFormats.encode(Self.row, as: .q4_K, importance: [1]) }
                == .importanceCount(found: 1, expected: 512))
        var weights = Self.importance
        weights[7] = -1
        #expect(
            kind { _ = try BlockFormats.encode(Self.row, as: .q4_K, importance: weights) }
                == .invalidImportance(-1, index: 7))
    }
}
