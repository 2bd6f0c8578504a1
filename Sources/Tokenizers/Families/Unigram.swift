import Files

/// The most likely sequence of pieces (Viterbi), characters without pieces being unknown.
///
/// Sums are in double precision in the order of the text, ties go to the piece that begins first, as in HuggingFace
/// tokenizers and stock llama.cpp.
struct Unigram: TokenEncoder {
    var normalizer: UnigramNormalizer
    var trie: UnigramTrie
    /// The logarithm of each token's probability.
    var scores: [Double]
    var unknown: TokenID
    var unknownPiece: ByteString
    /// The score of a character that no piece holds alone.
    var unknownScore: Double
    /// Whether every word, from one mark to the next, is a text of its own.
    var splitsWords: Bool
    /// Whether no piece has a mark behind another character, so that texts can be cut before marks all the same.
    var marksBeginPieces: Bool
    /// The tokens of the bytes that stand for unknown characters; none if one token stands for them all.
    var bytes: [TokenID]
    var addedTokens: AddedTokens
    /// The added tokens that are matched only if special tokens are asked for.
    var specialIDs: Set<TokenID>
    /// The pieces that are cut out before, each a text of its own.
    var ownPieces: PieceSplit?

    private struct Step {
        var score: Double
        var token: TokenID
        /// Where the token begins; -1 if nothing ends here.
        var start: Int32
    }

    func encode(_ text: UnsafeBufferPointer<UInt8>, parseSpecial: Bool, into ids: inout [TokenID]) {
        var steps: [Step] = []
        for fragment in addedTokens.fragments(of: text, parseSpecial: parseSpecial, specialIDs: specialIDs) {
            switch fragment {
            case .token(let id):
                ids.append(id)
            case .text(let range):
                let normalized = normalizer.normalized(
                    UnsafeBufferPointer(rebasing: text[range]), isFirst: range.lowerBound == 0)
                normalized.withUnsafeBufferPointer { text in
                    guard let ownPieces else { return encode(normalized: text, &steps, into: &ids) }
                    for part in ownPieces.parts(of: text) {
                        encode(normalized: UnsafeBufferPointer(rebasing: text[part]), &steps, into: &ids)
                    }
                }
            }
        }
    }

    /// What the normalizer makes of a line break, and the likeliest pieces, can depend on what follows.
    var cutsBeforeLineBreaks: Bool { false }

    private func encode(
        normalized text: UnsafeBufferPointer<UInt8>, _ steps: inout [Step], into ids: inout [TokenID]
    ) {
        var start = 0
        var score = 0.0
        var endsUnknown = false
        while start < text.count {
            var end = text.count
            if splitsWords || marksBeginPieces {
                end = start + 1
                while end < text.count, !isCut(text, before: end) { end += 1 }
            }
            let word = UnsafeBufferPointer(rebasing: text[start..<end])
            score = encode(word, from: splitsWords ? 0 : score, &steps, &endsUnknown, into: &ids)
            if splitsWords { endsUnknown = false }
            start = end
        }
    }

    /// Whether the text is cut before a mark: pieces may hold several marks in a row unless words are split.
    private func isCut(_ text: UnsafeBufferPointer<UInt8>, before position: Int) -> Bool {
        guard SpaceMark.isMark(text, at: position) else { return false }
        return splitsWords || position < 3 || !SpaceMark.isMark(text, at: position - 3)
    }

    /// Encodes text of any length.
    /// - Parameters:
    ///   - score: that of the text before.
    ///   - endsUnknown: whether the last token is the unknown one, which then stands for what follows too.
    /// - Returns: the score with this text.
    private func encode(
        _ text: UnsafeBufferPointer<UInt8>, from score: Double, _ steps: inout [Step], _ endsUnknown: inout Bool,
        into ids: inout [TokenID]
    ) -> Double {
        steps.removeAll(keepingCapacity: true)
        steps.append(Step(score: score, token: unknown, start: 0))
        for _ in text { steps.append(Step(score: 0, token: unknown, start: -1)) }
        trie.withLookup { lookup in
            steps.withUnsafeMutableBufferPointer { steps in
                fill(steps, text, lookup)
            }
        }
        var path: [(token: TokenID, range: Range<Int>)] = []
        var end = text.count
        while end > 0 {
            let step = steps[end]
            let range = Int(step.start)..<end
            if step.token == unknown, let last = path.last, last.token == unknown {
                path[path.count - 1].range = range.lowerBound..<last.range.upperBound
            } else {
                path.append((step.token, range))
            }
            end = range.lowerBound
        }
        for (token, range) in path.reversed() {
            if token != unknown {
                ids.append(token)
            } else if !bytes.isEmpty, !text[range].elementsEqual(unknownPiece.bytes) {
                for byte in text[range] { ids.append(bytes[Int(byte)]) }
            } else if !endsUnknown {
                ids.append(token)
            }
            endsUnknown = token == unknown
        }
        return steps[text.count].score
    }

    private func fill(
        _ steps: UnsafeMutableBufferPointer<Step>, _ text: UnsafeBufferPointer<UInt8>, _ lookup: PairTable.Lookup
    ) {
        scores.withUnsafeBufferPointer { scores in
            func offer(_ token: TokenID, _ score: Double, from start: Int, to end: Int) {
                guard steps[end].start < 0 || score > steps[end].score else { return }
                steps[end] = Step(score: score, token: token, start: Int32(truncatingIfNeeded: start))
            }
            var start = 0
            while start < text.count {
                let length = Swift.min(UTF8Sequence.claimedLength(text[start]), text.count &- start)
                let score = steps[start].score
                var isAlone = false
                var node = UnigramTrie.root
                var end = start
                while end < text.count, let child = lookup.find(node, Int32(text[end])) {
                    end &+= 1
                    node = child.product
                    if child.rank != UnigramTrie.noToken {
                        let token = TokenID(truncatingIfNeeded: child.rank)
                        offer(token, score + scores[Int(token)], from: start, to: end)
                        isAlone = isAlone || end &- start == length
                    }
                }
                if !isAlone { offer(unknown, score + unknownScore, from: start, to: start &+ length) }
                start &+= length
            }
        }
    }
}

/// Finds all pieces that a text begins with.
struct UnigramTrie: Sendable {
    static let root: Int32 = 0
    static let noToken = PairTable.noMerge - 1

    /// Leads from a node and a byte to the next node; the rank is the token that ends there.
    private var children: PairTable
    private var nodeCount: Int32 = 1

    /// - Throws: `TokenizationError` if the pieces are too long in all.
    init(_ pieces: [(piece: ByteString, id: TokenID)]) throws(TokenizationError) {
        let byteCount = pieces.reduce(0) { $0 + $1.piece.count }
        guard byteCount < Int(Int32.max) else { throw TokenizationError(.tooManyTokens(count: pieces.count)) }
        var nodes: [UInt64: Int32] = [:]
        var tokens: [Int32: TokenID] = [:]
        var edges: [(Int32, UInt8, Int32)] = []
        for (piece, id) in pieces {
            var node = Self.root
            for byte in piece.bytes {
                let key = UInt64(UInt32(bitPattern: node)) << 8 | UInt64(byte)
                if let child = nodes[key] {
                    node = child
                } else {
                    nodes[key] = nodeCount
                    edges.append((node, byte, nodeCount))
                    node = nodeCount
                    nodeCount += 1
                }
            }
            tokens[node] = id
        }
        children = PairTable(minimumCapacity: edges.count)
        for (node, byte, child) in edges {
            let rank = tokens[child].map { UInt32(bitPattern: $0) } ?? Self.noToken
            _ = children.insert(node, Int32(byte), rank: rank, product: child)
        }
    }

    func withLookup<R>(_ body: (PairTable.Lookup) -> R) -> R { children.withLookup(body) }
}
