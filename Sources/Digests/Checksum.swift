import CCrypto

/// A checksum of bytes that come piece by piece: Poly1305 (RFC 8439, section 2.5) with a key that all know.
///
/// It is several times as fast as SHA-256, and finds accidents, not forgeries.
public final class Checksum {
    /// The number of digits of a checksum in hexadecimal.
    public static let hexadecimalLength = 32

    private let key: [UInt8]
    private let context: OpaquePointer

    /// Begins a checksum, with no bytes yet.
    public convenience init() { self.init(key: Array("thirty-two bytes that all know..".utf8)) }

    /// - Parameter key: 32 bytes.
    package init(key: [UInt8]) {
        precondition(key.count == 32)
        self.key = key
        guard let algorithm = EVP_MAC_fetch(nil, "POLY1305", nil), let context = EVP_MAC_CTX_new(algorithm) else {
            preconditionFailure("libcrypto has Poly1305, which TLS needs")
        }
        EVP_MAC_free(algorithm)
        self.context = context
        EVP_MAC_init(context, key, key.count, nil)
    }

    deinit { EVP_MAC_CTX_free(context) }

    /// Takes the next bytes.
    public func update(_ bytes: UnsafeRawBufferPointer) {
        EVP_MAC_update(context, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
    }

    /// Ends the checksum, in lower-case hexadecimal; the next bytes are those of another.
    public func finish() -> String {
        var tag = [UInt8](repeating: 0, count: Self.hexadecimalLength / 2)
        var count = 0
        EVP_MAC_final(context, &tag, &count, tag.count)
        EVP_MAC_init(context, key, key.count, nil)
        return tag.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
