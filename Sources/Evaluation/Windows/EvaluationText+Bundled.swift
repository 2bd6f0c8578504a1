import CTexts

extension EvaluationText {
    /// The texts for calibration that the program carries with it: conversation, fiction and web, in English and Chinese,
    /// about 50 kB each.
    public static var bundledForCalibration: [EvaluationText] {
        (0..<calibrationTextCount()).map { EvaluationText(calibrationText($0)) }
    }

    /// The texts for measuring that the program carries with it, of the same kinds, about 100 kB each; calibration on
    /// ``bundledForCalibration`` has seen none of them.
    public static var bundledForMeasuring: [EvaluationText] {
        (0..<evaluationTextCount()).map { EvaluationText(evaluationText($0)) }
    }

    private init(_ text: BundledText) {
        self.init(
            name: String(cString: text.name), bytes: Array(UnsafeBufferPointer(start: text.bytes, count: text.count)))
    }
}
