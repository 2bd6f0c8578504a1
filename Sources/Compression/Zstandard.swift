import CZstd

/// Zstandard-compressed bytes.
public enum Zstandard {
    /// An error: bytes that are not a complete Zstandard stream, or too many.
    public struct Failure: Error, Sendable, Equatable {
        /// What is wrong with the bytes, in words.
        public let reason: String
    }

    /// Decompresses one or more frames.
    ///
    /// - Parameters:
    ///   - compressed: all frames, one after the other.
    ///   - limit: the largest result that is accepted, in bytes; no more than that is decompressed.
    /// - Throws: ``Failure`` if the result would be larger, or the frames are damaged or cut off.
    public static func decompress(_ compressed: [UInt8], limit: Int) throws(Failure) -> [UInt8] {
        let announced = compressed.withUnsafeBytes { ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
        // The two highest numbers stand for a frame that does not say its size and for none.
        guard announced >= .max - 1 || announced <= limit else { throw tooLarge(limit) }
        guard let context = ZSTD_createDCtx() else { throw Failure(reason: "out of memory") }
        defer { ZSTD_freeDCtx(context) }
        var chunk = [UInt8](repeating: 0, count: ZSTD_DStreamOutSize())
        var result: [UInt8] = []
        var position = 0
        var pending = 0
        while position < compressed.count || pending > 0 {
            let before = (position, result.count)
            pending = compressed.withUnsafeBytes { source in
                chunk.withUnsafeMutableBytes { target in
                    var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: position)
                    var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
                    let state = ZSTD_decompressStream(context, &output, &input)
                    position = input.pos
                    result.append(contentsOf: target[..<output.pos])
                    return state
                }
            }
            guard ZSTD_isError(pending) == 0 else {
                throw Failure(reason: String(cString: ZSTD_getErrorName(pending)))
            }
            guard result.count <= limit else { throw tooLarge(limit) }
            guard (position, result.count) != before else { throw Failure(reason: "the stream ends too early") }
        }
        return result
    }

    private static func tooLarge(_ limit: Int) -> Failure {
        Failure(reason: "more than \(limit) bytes when decompressed")
    }

    /// Compresses bytes into one frame, with a checksum of them; the same bytes give the same frame.
    ///
    /// - Parameters:
    ///   - bytes: What is compressed.
    ///   - level: from 1, fast, to 19, small.
    public static func compress(_ bytes: [UInt8], level: Int32 = 9) -> [UInt8] {
        let limit = ZSTD_compressBound(bytes.count) + 4
        return [UInt8](unsafeUninitializedCapacity: limit) { target, count in
            let context = ZSTD_createCCtx()
            defer { ZSTD_freeCCtx(context) }
            ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
            ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
            count = bytes.withUnsafeBytes {
                ZSTD_compress2(context, target.baseAddress, limit, $0.baseAddress, bytes.count)
            }
            precondition(ZSTD_isError(count) == 0, "the target has room for any result")
        }
    }
}
