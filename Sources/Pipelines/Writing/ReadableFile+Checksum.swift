import Digests
import Files

extension ReadableFile {
    /// The checksum of some of the file's bytes, of which a piece at a time is read.
    func checksum(of range: Range<Int>) throws -> String {
        let checksum = Checksum()
        let pieceByteCount = 1 << 18
        for start in stride(from: range.lowerBound, to: range.upperBound, by: pieceByteCount) {
            let piece = try bytes(start..<min(start + pieceByteCount, range.upperBound))
            piece.withUnsafeBytes { checksum.update($0) }
        }
        return checksum.finish()
    }
}
