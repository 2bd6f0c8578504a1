import Files

/// A calibration that cannot be carried out, or what one has left that cannot be used.
public struct CalibrationError: DiagnosticError, Equatable {
    /// What is wrong, with what was found and what was expected.
    public enum Kind: Sendable, Equatable {
        /// No text was given.
        case noTexts
        /// No text is long enough for a window that nothing is fitted to.
        case nothingHeldOut
        /// What an unfinished calibration has left is of another one.
        case otherCalibration
        /// A file does not say what types cost, in the version of the form that is read.
        case notSensitivity(version: Int)
        /// A file says what types cost in other weights.
        case otherSensitivity(model: String)
        /// The states of all calibration windows do not fit.
        case statesTooLarge(neededByteCount: Int, budgetByteCount: Int, windowCount: Int)
        /// The states of all windows that second moments are collected from do not fit.
        case hessianTooLarge(neededByteCount: Int, budgetByteCount: Int, windowCount: Int, fittingCount: Int)
        /// The second moments of a matrix and what is made of them do not fit.
        case fittingTooLarge(neededByteCount: Int, budgetByteCount: Int)
        /// The older form does not say what the GGUF form has to.
        case legacyImportance
    }

    /// What is wrong.
    public let kind: Kind
    /// The file and the tensor concerned, if it is about one.
    public let place: Place

    /// An error of a calibration.
    ///
    /// - Parameters:
    ///   - kind: What is wrong.
    ///   - file: The file or folder concerned; nil if it is about none.
    ///   - tensor: The tensor's name; nil if it is about none.
    public init(_ kind: Kind, file: String? = nil, tensor: String? = nil) {
        self.kind = kind
        place = Place(file: file, part: tensor)
    }

    /// The error in words: the file and the tensor, what was found and expected, and what to do.
    public var diagnostic: Diagnostic {
        func more(_ needed: Int, than budget: Int) -> String {
            let (needed, budget) = (ByteCount.text(needed, rounding: .up), ByteCount.text(budget, rounding: .down))
            return "\(needed) of memory, more than \(budget)"
        }
        func report(_ fault: Diagnostic.Fault, _ problem: String, advice: Message) -> Diagnostic {
            Diagnostic(fault, at: place, problem, advice: advice)
        }
        return switch kind {
        case .noTexts: report(.usage, "no text was given", advice: "name at least one with \(.text)")
        case .nothingHeldOut:
            report(
                .usage, "no text has more windows than are held out to measure on",
                advice: "give longer texts, or a smaller \(.heldOutCount)")
        case .otherCalibration:
            report(
                .usage, "it is there and belongs to another calibration, or is damaged",
                advice: "repeat that run to go on with it, or begin anew with \(.isRestarting)")
        case .notSensitivity(let version):
            report(
                .input, "what types cost in each matrix expected, as version \(version)",
                advice: "make it with \(run: .measureSensitivity)")
        case .otherSensitivity(let model):
            report(
                .input, "it was measured on other weights than those of \(model)",
                advice: "measure this model with \(run: .measureSensitivity)")
        case .statesTooLarge(let needed, let budget, let count):
            report(
                .room, "calibrating with \(count) windows needs \(more(needed, than: budget))",
                advice:
                    "raise \(.memory), or take fewer windows: \(.calibrationWindowLimit) of \(run: .quantize), \(.windowLimit) elsewhere"
            )
        case .hessianTooLarge(let needed, let budget, let count, let fitting):
            report(
                .room,
                "second moments of \(count) windows need \(more(needed, than: budget)); "
                    + "\(fitting == 0 ? "not one window" : "\(fitting) windows") would fit",
                advice: "raise \(.memory), or take fewer windows with \(.windowLimit)")
        case .fittingTooLarge(let needed, let budget):
            report(
                .room, "encoding with second moments needs \(more(needed, than: budget))",
                advice: "raise \(.memory), or use an importance matrix instead")
        case .legacyImportance:
            report(
                .input, "the older form does not say how many rows the experts have seen, which the GGUF form needs",
                advice: "collect the matrix again; the file can be used for \(run: .quantize) as it is")
        }
    }
}
