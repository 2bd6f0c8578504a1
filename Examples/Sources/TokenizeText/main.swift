import Tokenizers

// The tokens of a text, with the tokenizer of a HuggingFace checkpoint: TokenizeText DIRECTORY TEXT

guard CommandLine.arguments.count == 3 else { fatalError("usage: TokenizeText DIRECTORY TEXT") }

let tokenizer = try Tokenizer(checkpointDirectory: CommandLine.arguments[1])
let tokens = tokenizer.encode(CommandLine.arguments[2], parseSpecial: false)
for token in tokens {
    print("\(token): \(tokenizer.vocabulary.pieces[Int(token)])")
}
print(try tokenizer.text(of: tokens))
