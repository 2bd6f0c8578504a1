import Digests
import Files
import FoundationEssentials
import GGUF
import Journals
import Models
import Parallelism
import Parts
import Tensors
import Verification
import WeightEncoding

/// The writing of a model, divided by tensors: each part is a file of a split model.
package struct PartedEncoding: PartedWork {
    package let unit = PartUnit.tensors
    /// The model that is written.
    package var model: Model { file.model }
    private let file: ModelFile
    private let inputs: EncodingInputs
    private let ownIdentity: RunIdentity
    /// Files besides the model's that no output may replace.
    private let otherInputs: [String]
    /// The files that the model is to be cut into when the parts are joined; nil for one file.
    private let split: PartedOutline?
    private let verification: WrittenVerification.Extent
    private let parallel: Parallel
    private let progress: ProgressHandler

    init(
        _ file: ModelFile, _ inputs: EncodingInputs, identity: RunIdentity, otherInputs: [String],
        split: PartedOutline?, verification: WrittenVerification.Extent, parallel: Parallel,
        progress: @escaping ProgressHandler
    ) {
        self.file = file
        self.inputs = inputs
        ownIdentity = identity
        self.otherInputs = otherInputs
        self.split = split
        self.verification = verification
        self.parallel = parallel
        self.progress = progress
    }

    package var units: [WorkUnit] {
        zip(file.tensors, inputs.source.tensors).map { target, source in
            WorkUnit(
                target.name,
                cost: EncodingCost.of(
                    target, from: source.type, isFitted: inputs.hessian?.fitted[target.name] != nil))
        }
    }

    package var identity: RunIdentity {
        var identity = ownIdentity
        identity.add("the types, the options or the metadata", SHA256.hexadecimal(of: file.layout.header))
        return identity
    }

    package func run(
        _ number: Int, of plan: PartPlan, in folder: PartFolder, isRestarting: Bool
    ) throws -> [String] {
        try file.verifyTokenizer { if number == 1 { progress($0) } }
        let output = try set(plan, in: folder)
        try OutputFile.check(output.paths[number - 1], inputs: file.model.inputFiles + otherInputs)
        try output.write(
            [number - 1], of: file.tensors, encoding: file.encoding(inputs, parallel: parallel, progress: progress),
            progress: progress)
        return try digestLines(number, of: plan)
    }

    /// The files of the parts; what they say of the model's weights has zeros for digests.
    private func set(_ plan: PartPlan, in folder: PartFolder) throws -> PartedOutput {
        try PartedOutput(
            outline(plan), output: "\(folder.prefix).gguf", whole: file.layout, identity: ownIdentity)
    }

    private func outline(_ plan: PartPlan) throws -> PartedOutline {
        try PartedOutline(file, limits: .tensorCounts(plan.parts.map(\.range.count)))
    }

    /// The part's share of the lines whose digest is that of a checkpoint's weights.
    private func digestLines(_ number: Int, of plan: PartPlan) throws -> [String] {
        guard let content = file.model.checkpoint?.content else { return [] }
        let shares = PartBalance.cut(content.tensors.map { Double($0.byteCount) }, into: plan.parts.count)
        progress(.stage(.hashingWeights))
        return try WeightDigest.lines(of: content, shares[number - 1], parallel: parallel) {
            progress(.fraction($0))
        }
    }

    // MARK: Joining

    /// Whether the job says itself how the model is cut into files.
    package var isSplit: Bool { split != nil }

    /// Writes the model as the job has it, or as the files that the parts are.
    ///
    /// - Parameters:
    ///   - parts: All parts, as they were collected.
    ///   - output: The file's name; of a split model the name of its parts without their numbers.
    ///   - keepsParts: Whether the parts are to stay apart, however the job cuts the model: they get names beside the output, and
    ///     no bytes are copied but those of the first.
    ///   - replacesParts: Whether files that have the names of a split model's parts are replaced.
    package func finish(
        _ parts: CollectedParts, output: String, keepsParts: Bool, replacesParts: Bool
    ) throws -> Conversion.Outcome {
        try file.verifyTokenizer { _ in }
        let source = try GGUFFile(path: parts.paths[0])
        guard source.tensors == file.tensors else {
            throw PlanError(.unusable(part: 1, .foreign), path: parts.paths[0])
        }
        let lines = parts.records.flatMap(\.lines)
        var metadata = file.metadata
        try Provenance.describe(
            file.model, weights: file.model.checkpoint?.content == nil ? nil : WeightDigest.sha256(ofLines: lines),
            in: &metadata)
        let others = file.model.inputFiles + otherInputs
        let outcome: Conversion.Outcome
        if keepsParts {
            let set = try set(parts.plan, in: parts.folder)
            outcome = file.outcome(
                paths: try set.take(
                    parts.paths, to: output, metadata: metadata, inputs: others, replacesOthers: replacesParts,
                    outline(parts.plan)),
                fileByteCount: set.byteCount)
        } else if let split {
            for path in try split.parts(output).paths { try OutputFile.check(path, inputs: others + parts.paths) }
            let set = try PartedOutput(
                split, output: output, whole: file.layout.replacingValues(by: metadata), identity: ownIdentity)
            let missing = try set.missing(isRestarting: false, replacesOthers: replacesParts, progress: progress)
            // All tensors have their types already, so that they are copied.
            outcome = try file.write(
                missing, of: set, EncodingInputs(source: source), parallel: parallel, progress: progress)
        } else {
            let layout = file.layout.replacingValues(by: metadata)
            try OutputFile.check(output, inputs: others + parts.paths, expectedByteCount: layout.byteCount)
            progress(.stage(.joiningParts(count: parts.paths.count)))
            var writer = try GGUFWriter(path: output, layout: layout)
            try TensorCopy(source: source) { progress(.fraction($0)) }.run(into: &writer)
            try writer.finish()
            outcome = file.outcome(paths: [output], fileByteCount: layout.byteCount)
        }
        try file.verify(outcome, verification, parallel: parallel, progress: progress)
        return outcome
    }
}

extension Conversion {
    /// The conversion as work that can be divided.
    ///
    /// - Throws: What ``plan(_:)`` and ``metadata(of:progress:)`` throw.
    package func parted(_ model: Model, progress: @escaping ProgressHandler) throws -> PartedEncoding {
        let file = try file(of: model, progress: progress)
        return PartedEncoding(
            file, EncodingInputs(source: model.tensors), identity: try identity(of: model), otherInputs: [],
            split: try splitLimits.map { try PartedOutline(file, limits: $0) }, verification: verification,
            parallel: parallel, progress: progress)
    }
}

extension Quantization.Plan {
    /// The quantization as work that can be divided.
    ///
    /// - Throws: ``missingImportance``, and errors of reading the model.
    package func parted(progress: @escaping ProgressHandler) throws -> PartedEncoding {
        if let missingImportance { throw missingImportance }
        return PartedEncoding(
            file, EncodingInputs(source: inputs.model.tensors, guidance: encodingGuidance, hessian: hessian),
            identity: try identity, otherInputs: inputs.guidance.paths + quantization.otherInputs,
            split: parts, verification: quantization.verification, parallel: quantization.parallel, progress: progress)
    }
}
