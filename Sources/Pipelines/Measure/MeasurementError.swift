import Files

/// Models that cannot be measured on what was given.
public struct MeasurementError: DiagnosticError, Equatable {
    /// What is wrong, with what was found.
    public enum Kind: Sendable, Equatable {
        /// No text was given.
        case noTexts
        /// Token ids do not mean the same in the model and in its reference, and in what they differ.
        case otherTokens(reference: String, difference: String)
    }

    /// What is wrong.
    public let kind: Kind
    /// The model concerned, if it is about one.
    public let place: Place

    /// An error of a measurement.
    ///
    /// - Parameters:
    ///   - kind: What is wrong.
    ///   - file: The model; nil if it is about no model.
    public init(_ kind: Kind, file: String? = nil) {
        self.kind = kind
        place = Place(file: file)
    }

    /// The error in words: the file and the place, what was found, and what to do.
    public var diagnostic: Diagnostic {
        switch kind {
        case .noTexts: Diagnostic(.usage, at: place, "no text was given", advice: "name at least one with \(.text)")
        case .otherTokens(let reference, let difference):
            Diagnostic(
                .input, at: place,
                "its tokens are not those of the reference \(reference): not the same is \(difference)",
                advice:
                    "compare models that were made from the same checkpoint; with \(run: .report) "
                    + "others are comparable per character and byte"
            )
        }
    }
}
