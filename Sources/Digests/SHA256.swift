import CCrypto

/// The SHA-256 digest (FIPS 180-4) of bytes that come piece by piece.
public struct SHA256: Sendable {
    /// The number of digits of a digest in hexadecimal.
    public static let hexadecimalLength = 64

    private var state = SHA256_CTX()

    /// Begins a digest, with no bytes yet.
    public init() { SHA256_Init(&state) }

    /// Takes the next bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        SHA256_Update(&state, bytes.baseAddress, bytes.count)
    }

    /// Takes the next bytes.
    public mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// The digest of the bytes so far, in lower-case hexadecimal; more may follow.
    public var hexadecimal: String {
        var copy = state
        var digest = [UInt8](repeating: 0, count: Self.hexadecimalLength / 2)
        SHA256_Final(&digest, &copy)
        return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// The digest of some bytes, in lower-case hexadecimal.
    public static func hexadecimal(of bytes: [UInt8]) -> String {
        var digest = SHA256()
        digest.update(bytes)
        return digest.hexadecimal
    }
}
