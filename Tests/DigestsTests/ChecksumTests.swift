import Digests
import Testing

@Suite struct ChecksumTests {
    /// The example of RFC 8439, section 2.5.2.
    private static let key: [UInt8] = [
        0x85, 0xd6, 0xbe, 0x78, 0x57, 0x55, 0x6d, 0x33, 0x7f, 0x44, 0x52, 0xfe, 0x42, 0xd5, 0x06, 0xa8,
        0x01, 0x03, 0x80, 0x8a, 0xfb, 0x0d, 0xb2, 0xfd, 0x4a, 0xbf, 0xf6, 0xaf, 0x41, 0x49, 0xf5, 0x1b,
    ]
    private static let text = Array("Cryptographic Forum Research Group".utf8)

    @Test func isThatOfTheStandard() {
        let checksum = Checksum(key: Self.key)
        Self.text.withUnsafeBytes { checksum.update($0) }
        #expect(checksum.finish() == "a8061dc1305136c6c22b8baf0c0127a9")
    }

    @Test func piecesGiveThatOfTheWholeAndAnotherBeginsAnew() {
        let checksum = Checksum(key: Self.key)
        for _ in 0..<2 {
            for byte in Self.text { withUnsafeBytes(of: byte) { checksum.update($0) } }
            checksum.update(UnsafeRawBufferPointer(start: nil, count: 0))
            #expect(checksum.finish() == "a8061dc1305136c6c22b8baf0c0127a9")
        }
    }
}
