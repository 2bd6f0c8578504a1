import CCrypto

/// The SHA-256 digest (FIPS 180-4) of bytes that come piece by piece.
public struct SHA256: ~Copyable {
    /// Digits of a digest in hexadecimal.
    public static let hexadecimalLength = 64

    private let context: OpaquePointer

    /// The digest of no bytes yet.
    public init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            fatalError("libcrypto has no SHA-256, or no memory is left for it")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Takes the next bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        let status = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
        precondition(status == 1, "a digest takes any bytes")
    }

    /// Takes the next bytes.
    public mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// The digest of the bytes so far, in lower-case hexadecimal; more may follow.
    public var hexadecimal: String {
        let copy = SHA256()
        var digest = [UInt8](repeating: 0, count: Self.hexadecimalLength / 2)
        let status = EVP_MD_CTX_copy_ex(copy.context, context) & EVP_DigestFinal_ex(copy.context, &digest, nil)
        precondition(status == 1, "a digest can be copied and ended")
        return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// The digest of some bytes, in lower-case hexadecimal.
    public static func hexadecimal(of bytes: [UInt8]) -> String {
        var digest = SHA256()
        digest.update(bytes)
        return digest.hexadecimal
    }
}
