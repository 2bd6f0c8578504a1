import Files
import Reporting
import Tokenizers

/// What `tokenize --json` prints.
struct TokenReport: Encodable {
    let ids: [TokenID]
    /// What the ids stand for, with `--decode`.
    let text: String?
    /// With `--pieces`.
    let pieces: [TokenPiece]?
}

/// A token and what it stands for.
struct TokenPiece: Encodable {
    let id: TokenID
    /// Need not be UTF-8.
    private let bytes: [UInt8]

    init(_ id: TokenID, _ bytes: [UInt8]) {
        self.id = id
        self.bytes = bytes
    }

    private enum Key: CodingKey {
        case id, piece
    }

    /// The piece is a text, or an array of bytes where it is a part of a character, as llama-server has it.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(id, forKey: .id)
        if let text { try container.encode(text, forKey: .piece) } else { try container.encode(bytes, forKey: .piece) }
    }

    /// `1234 'text'`, with the id in a column that most ids fill; parts of characters as `<0xE4>`, as vocabularies spell them.
    var line: DisplayText {
        let number = String(id)
        let column = String(repeating: " ", count: max(0, 6 - number.count)) + number
        return "\(column) '\(text ?? spelled)'\n"
    }

    private var text: String? {
        ByteString(bytes).validPrefixLength == bytes.count ? String(decoding: bytes, as: UTF8.self) : nil
    }

    private var spelled: String {
        bytes.map { "<0x" + ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) + ">" }.joined()
    }
}
