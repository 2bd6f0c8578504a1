import Files

extension Message {
    /// The message in the words of the command line.
    var commandLineText: String { text(setting: \.option, procedure: \.command) }
}

extension Setting {
    /// The option that chooses it.
    var option: String {
        switch self {
        case .allowsRequantization: "--allow-requantize"
        case .baseLogitsFormat: "--base-logits-format"
        case .cacheType: "--kv"
        case .calibrationTexts: "--calibrate"
        case .calibrationWindowLimit: "--calibration-chunks"
        case .chatTemplate: "--chat-template"
        case .context: "--context"
        case .expertNormalization: "--normalize-experts"
        case .expertPadding: "--pad-experts"
        case .experts: "--experts"
        case .expertsPerToken: "--top-k"
        case .firstWindow: "--from-chunk"
        case .granularity: "--granularity"
        case .heldOutCount: "--held-out"
        case .hessian: "--hessian"
        case .importanceMatrix: "--imatrix"
        case .isRestarting: "--restart"
        case .memory: "--memory"
        case .preTokenizer: "--pre-tokenizer"
        case .replacesOutputs: "--overwrite"
        case .reserve: "--reserve"
        case .shardSizeLimit: "--shard-size"
        case .sharedExperts: "--shared"
        case .splitSizeLimit: "--split-max-size"
        case .splitTensorLimit: "--split-max-tensors"
        case .stride: "--stride"
        case .template: "--template"
        case .text: "--text"
        case .threads: "--threads"
        case .type: "--type"
        case .upcyclingForm: "--form"
        case .windowLimit: "--chunks"
        }
    }
}

extension Procedure {
    /// The command that carries it out.
    var command: String {
        switch self {
        case .compareWeights: "swage compare"
        case .collectHessian: "swage imatrix MODEL --text FILE --hessian OUT"
        case .collectImportance: "swage imatrix"
        case .finishParts: "swage finish"
        case .inspectModel: "swage inspect"
        case .measureSensitivity: "swage sensitivity"
        case .planParts: "swage plan"
        case .printRecipe: "swage quantize --print-recipe"
        case .quantize: "swage quantize"
        case .report: "swage report"
        case .runPart: "swage run"
        case .storePredictions: "swage perplexity MODEL --text FILE --save-base-logits OUT"
        case .storeScores: "swage perplexity MODEL --text FILE --save-scores OUT"
        }
    }
}
