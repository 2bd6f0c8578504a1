import Swage

// How well a model predicts the beginning of a text: ScoreText MODEL FILE
// MODEL is a GGUF file or a HuggingFace checkpoint directory.

guard CommandLine.arguments.count == 3 else { fatalError("usage: ScoreText MODEL FILE") }

let model = try Model.open(CommandLine.arguments[1])
let text = try EvaluationText(contentsOf: CommandLine.arguments[2])
let measurement = Measurement(cut: WindowCut(context: 64, windowLimit: 1))
let result = try measurement.run([model], texts: [text]).models[0][0]

let perplexity = (1000 * result.perplexity.mean).rounded() / 1000
print("perplexity \(perplexity) over \(result.scoredTokenCount) tokens")
