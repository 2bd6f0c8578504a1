import Files

/// Tokens that stock llama.cpp (as of 2026) knows by their names, whatever kind the file gives them.
enum LlamaTokenNames {
    /// Taken for control tokens: they end a turn or a text, or fill in the middle.
    static let control: Set<ByteString> = [
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>",
        "<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>",
        "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>", "<｜end▁of▁sentence｜>", "[e~[",
        "<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<｜fim▁begin｜>", "<PRE>", "▁<PRE>", "<|code_prefix|>",
        "<|prefix|>", "<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<｜fim▁hole｜>", "<SUF>", "▁<SUF>",
        "<|code_suffix|>", "<|suffix|>", "<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>", "<MID>",
        "▁<MID>", "<|code_middle|>", "<|middle|>", "<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]",
        "<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>", "<|file_sep|>",
    ]
    /// Taken for text that is always one token.
    static let userDefined: Set<ByteString> = ["<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"]
}

extension Vocabulary {
    /// The kinds of the tokens as stock llama.cpp sees them: it knows some tokens by their names.
    var kindsInLlama: [TokenKind] {
        zip(pieces, kinds).map { piece, kind in
            LlamaTokenNames.control.contains(piece)
                ? .control : LlamaTokenNames.userDefined.contains(piece) ? .userDefined : kind
        }
    }
}
