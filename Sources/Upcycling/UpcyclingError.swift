import Files

/// A dense model that cannot become the mixture of experts that was asked for.
public struct UpcyclingError: DiagnosticError, Equatable {
    /// What is wrong, with what was found and what would work.
    public enum Kind: Sendable, Equatable {
        /// The model is a GGUF file, and a checkpoint is what is upcycled.
        case notACheckpoint
        /// The checkpoint has routed experts already.
        case alreadyMixture(expertCount: Int)
        /// The width of the dense block cannot be cut into so many slices; the nearest numbers that it can be cut into.
        case widthNotDivisible(width: Int, granularity: Int, near: [Int])
        /// The shared block would leave no slice to the routed experts.
        case sharedTakesAll(sharedCount: Int, granularity: Int)
        /// The family has no shared block.
        case noPlaceForShared
        /// The experts are no whole groups of as many; the nearest numbers that are.
        case expertsNotGroups(count: Int, groupSize: Int, near: [Int])
        /// A token's experts are no whole groups of as many; the nearest numbers that are.
        case usedNotGroups(count: Int, groupSize: Int, near: [Int])
        /// A token would pass through more experts than there are.
        case usedTooMany(count: Int, expertCount: Int)
        /// There would be more experts than programs have room for.
        case tooManyExperts(count: Int, limit: Int)
        /// llama.cpp has no architecture for what the result would be.
        case inexpressible([String])
        /// A weight of a down matrix is too large for its type once it is multiplied.
        case overflow(value: Float, type: String)
        /// There would be more files of weights than their names can number.
        case tooManyShards(byteCount: Int)
        /// The work needs more memory than the budget allows.
        case notEnoughMemory(neededByteCount: Int, budgetByteCount: Int)
        /// The result is a folder, and there is a file of its name.
        case notAFolder
        /// The folder has files already, such as this one.
        case folderNotEmpty(String)
        /// The folder has a file of weights that is not one of those that would be replaced.
        case otherWeights(String)
        /// The disk has less room than the result needs; the most experts that there would be room for, if any.
        case noRoom(neededByteCount: Int, freeByteCount: Int, fittingExpertCount: Int?)
    }

    /// What is wrong.
    public let kind: Kind
    /// The checkpoint, or the folder of the result.
    public let file: String
    /// The tensor or the key concerned.
    public let place: String?

    /// An error of a model or a result.
    ///
    /// - Parameters:
    ///   - kind: What is wrong.
    ///   - file: The checkpoint, or the folder of the result.
    ///   - place: The tensor or the key concerned.
    public init(_ kind: Kind, file: String, place: String? = nil) {
        self.kind = kind
        self.file = file
        self.place = place
    }

    /// The error in words: the file, what was found, and what would work instead.
    public var diagnostic: Diagnostic {
        switch kind {
        case .notACheckpoint:
            return usage(
                "a GGUF file, and only checkpoints are upcycled", "give the HuggingFace checkpoint that it was made of")
        case .alreadyMixture(let count):
            return usage(
                "the model is a mixture of \(count) experts already",
                "give a dense checkpoint of XVERSE, Llama or Mistral")
        case .widthNotDivisible(let width, let granularity, let near):
            return usage(
                "its feed-forward blocks, \(width) wide, cannot be cut into \(granularity) equal slices",
                "\(.granularity, Self.either(near)) would work")
        case .sharedTakesAll(let shared, let granularity):
            return usage(
                "\(shared) shared of \(granularity) slices leave none to the routed experts",
                granularity > 1
                    ? "at most \(.sharedExperts, granularity - 1) with this \(.granularity), or cut finer"
                    : "\(.sharedExperts, 0), or cut finer with \(.granularity, 2)")
        case .noPlaceForShared:
            return usage(
                "Mixtral has no shared experts",
                "\(.upcyclingForm, UpcyclingForm.xverseMoE.rawValue) has them; or \(.sharedExperts, 0)")
        case .expertsNotGroups(let count, let size, let near):
            return usage(
                "\(count) experts are no whole groups of \(size), which hold each slice once",
                "\(.experts, Self.either(near)) would work")
        case .usedNotGroups(let count, let size, let near):
            return usage(
                "\(count) experts for each token are no whole groups of \(size): what they compute would not be what the "
                    + "dense block computes", "\(.expertsPerToken, Self.either(near)) would work")
        case .usedTooMany(let count, let all):
            return usage(
                "\(count) experts for each token of \(all)", "\(.expertsPerToken, all) or less would work")
        case .tooManyExperts(let count, let limit):
            return usage(
                "\(count) experts; llama.cpp runs at most \(limit)", "\(.experts, limit) or less would work")
        case .inexpressible(let reasons):
            return Diagnostic(
                .usage, file: file, place: place,
                "llama.cpp could not run the result: \(reasons.joined(separator: "; "))",
                advice: "without shared experts it could: \(.sharedExperts, 0)")
        case .overflow(let value, let type):
            return Diagnostic(
                .usage, file: file, place: place,
                "a weight of the down matrix becomes \(value) in the experts, too large for \(type)",
                advice: "use a checkpoint in BF16 or F32, or fewer slices in a group: a smaller \(.granularity)")
        case .tooManyShards(let count):
            return usage(
                "the weights would be more files of \(ByteCount.text(count, rounding: .up)) than can be numbered",
                "raise \(.shardSizeLimit)")
        case .notEnoughMemory(let needed, let budget):
            return Diagnostic(
                .room, file: file, place: place,
                "the work needs \(ByteCount.text(needed, rounding: .up)) of memory, more than the budget of "
                    + ByteCount.text(budget, rounding: .down), advice: "raise \(.memory), or use fewer \(.threads)")
        case .notAFolder: return usage("a file has this name, and the result is a folder", "choose another name")
        case .folderNotEmpty(let name):
            return usage("the folder is not empty: it has \(name)", "choose another name, or an empty folder")
        case .otherWeights(let name):
            return usage(
                "the folder has other weights, which readers could take for the new ones: \(name)",
                "choose another name, or move them away")
        case .noRoom(let needed, let free, let fitting):
            let room =
                "\(ByteCount.text(needed, rounding: .up)) are needed, "
                + "\(ByteCount.text(free, rounding: .down)) are free on this disk"
            return Diagnostic(
                .room, file: file, place: place, room,
                advice: fitting.map { "free some disk space, write elsewhere, or make at most \(.experts, $0)" }
                    ?? "free some disk space or write elsewhere")
        }
    }

    private func usage(_ problem: String, _ advice: Message) -> Diagnostic {
        Diagnostic(.usage, file: file, place: place, problem, advice: advice)
    }

    private static func either(_ numbers: [Int]) -> String { numbers.map(String.init).joined(separator: " or ") }
}
