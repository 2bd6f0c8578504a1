import BlockFormats

extension BlockCodec {
    /// Encodes into `bytes` from a byte offset on.
    func encode(_ row: [Float], count: Int, importance: [Float]?, into bytes: inout [UInt8], offset: Int) {
        bytes.withUnsafeMutableBytes { target in
            let place = target.baseAddress! + offset
            if let importance {
                encode(row, count: count, importance: importance, into: place, scratch: EncodingScratch())
            } else {
                encode(row, count: count, importance: nil, into: place, scratch: EncodingScratch())
            }
        }
    }

    func encoded(_ row: [Float], importance: [Float]?) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: row.count / type.blockLength * type.blockByteCount)
        encode(row, count: row.count, importance: importance, into: &bytes, offset: 0)
        return bytes
    }

    func decoded(_ bytes: [UInt8], count: Int) -> [Float] {
        var values = [Float](repeating: 0, count: count)
        bytes.withUnsafeBytes { decode($0.baseAddress!, count: count, into: &values) }
        return values
    }
}
