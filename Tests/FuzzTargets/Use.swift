import BlockFormats
import Files
import GGUF
import ModelArchitecture
import Models
import Recipes
import Shards
import Tensors
import Tokenizers

/// What commands do with things that they have read: everything that looks at them only now.
enum Use {
    /// Reads the first and the last rows of all tensors, and decodes some.
    static func tensors(_ source: any TensorSource) throws {
        for (index, tensor) in source.tensors.enumerated() {
            let rowCount = tensor.shape.rowCount
            let count = max(1, min(rowCount, (1 << 16) / tensor.rowByteCount))
            for rows in [0..<count, rowCount - count..<rowCount] {
                var bytes = [UInt8](repeating: 0, count: count * tensor.rowByteCount)
                try bytes.withUnsafeMutableBytes { try source.readRows(ofTensorAt: index, rows: rows, into: $0) }
            }
            _ = source.origin(ofTensorAt: index, row: rowCount - 1)
            guard let stack = MatrixStack(source, index) else { continue }
            let rows = 0..<min(2, stack.rows)
            _ = try stack.values(rows)
            _ = try stack.values(rows, of: stack.count - 1)
        }
    }

    /// Reads all tensors of a checkpoint's files.
    static func tensors<File: ShardFile>(_ set: ShardSet<File>) throws {
        for entry in set.tensors {
            for range in pieces(of: entry.byteCount) {
                var bytes = [UInt8](repeating: 0, count: range.count)
                try bytes.withUnsafeMutableBytes { try set.read(entry, byteRange: range, into: $0) }
            }
            _ = set.path(of: entry)
        }
    }

    /// Whole elements of any type at the beginning and at the end of a tensor.
    static func pieces(of byteCount: Int) -> [Range<Int>] {
        let count = min(byteCount, 1 << 16)
        return count == byteCount ? [0..<count] : [0..<count, (byteCount - count) / 8 * 8..<byteCount / 8 * 8]
    }

    /// Looks at all keys, as values of each kind.
    static func metadata(_ metadata: GGUFMetadata) {
        for entry in metadata.entries {
            let value = entry.value
            _ = (value.integer, value.double, value.bool, value.string, value.typeName)
            guard let array = value.array else { continue }
            _ = (array.integers, array.floats, array.strings, array.bools)
            if array.count > 0 { _ = array[array.count - 1].typeName }
        }
        _ = ModelSignature(metadata)
    }

    /// Looks at what a model is, and plans to store it in another type.
    static func model(_ model: Model) throws {
        metadata(model.metadata)
        _ = (model.notes, model.bitsPerWeight, model.tensorByteCount)
        _ = model.plan.rope.frequencies
        _ = try model.signature()
        try tensors(model.tensors)
        try tokenizer(model.tokenizer)
        try recipe(Recipe(named: "Q4_K_M"), on: model)
    }

    /// Decides the types of a model's tensors.
    static func recipe(_ recipe: Recipe, on model: Model) throws {
        let plan = model.plan
        let geometry = ModelGeometry(
            layerCount: plan.layerCount, headCount: plan.attention.headCount,
            keyValueHeadCount: plan.attention.keyValueHeadCount, expertCount: plan.experts?.count ?? 0)
        _ = try recipe.assignments(for: model.tensors.tensors, geometry: geometry)
    }

    /// Encodes and decodes texts, decodes all tokens, and takes the vocabulary through the metadata of a GGUF.
    static func tokenizer(_ tokenizer: Tokenizer) throws {
        for text in texts {
            for parsesSpecial in [false, true] {
                try decode(tokenizer.encode(text, parseSpecial: parsesSpecial), tokenizer)
            }
        }
        try decode((0..<TokenID(min(tokenizer.vocabulary.count, 1024))).map { $0 }, tokenizer)
        _ = tokenizer.notes
        try? tokenizer.verifyScoreForm()
        // A token may have the name of a row without one; those who pad know the file.
        _ = try? tokenizer.padded(to: tokenizer.vocabulary.count + 3)
        let again = Vocabulary(metadata: tokenizer.vocabulary.metadata)
        guard again.pieces == tokenizer.vocabulary.pieces, again.kinds == tokenizer.vocabulary.kinds else {
            throw FuzzFinding("a vocabulary that is another one after it was written")
        }
    }

    private static func decode(_ ids: [TokenID], _ tokenizer: Tokenizer) throws {
        _ = try tokenizer.decode(ids)
        _ = try tokenizer.text(of: ids, skipSpecials: true)
        var decoder = StreamingDecoder(tokenizer)
        for id in ids { _ = try decoder.append(id) }
        _ = decoder.finish()
    }

    private static let texts: [[UInt8]] =
        [
            "Hello, world!  1234\n\n\tif x == 0x1F { return }", "你好，世界。", "👩‍👩‍👧 e\u{301} \u{1e9b}\u{323} ﬃ",
            "<s>▁</s><|im_start|>user\n<0x0A>", "", " ", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            String(repeating: "ab a\n", count: 60),
        ].map { Array($0.utf8) } + [[0, 0xff, 0xc3, 0x28, 0xf0, 0x9f, 0x98], [0xed, 0xa0, 0x80, 0xe2, 0x96]]
}
