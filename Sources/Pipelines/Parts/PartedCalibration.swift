import Calibration
import Digests
import Files
import Journals
import Models
import Numerics
import Parts
import Runtime

/// A quantization that is fitted to texts, divided by experts: parts work side by side, layer by layer.
///
/// A part is the list of the digests of all layers, which says that it agrees with the others; the layers themselves are in a
/// folder that all parts share.
package struct PartedCalibration: PartedWork {
    package let unit = PartUnit.experts
    package var processor: String? { BLAS.coreName }
    /// The model that is quantized.
    package var model: Model { plan.inputs.model }
    private let plan: Quantization.Plan
    private let progress: ProgressHandler

    /// A quantization as work that can be divided.
    ///
    /// - Parameters:
    ///   - plan: A plan that is fitted to texts, for one file.
    ///   - progress: Receives what the work tells, from any thread.
    package init(_ plan: Quantization.Plan, progress: @escaping ProgressHandler) {
        self.plan = plan
        self.progress = progress
    }

    package var units: [WorkUnit] {
        let count = plan.inputs.model.plan.experts?.count ?? 1
        return (1...count).map { WorkUnit("number \($0) by tokens", cost: 1) }
    }

    package var identity: RunIdentity {
        get throws {
            var identity = RunIdentity()
            for part in try plan.identity.parts {
                // That of a calibration is many lines.
                let value = part.value.contains("\n") ? SHA256.hexadecimal(of: Array(part.value.utf8)) : part.value
                identity.add(part.name, value)
            }
            return identity
        }
    }

    package func run(
        _ number: Int, of parts: PartPlan, in folder: PartFolder, isRestarting: Bool
    ) throws -> [String] {
        let digests = try plan.run(
            CalibrationShares(count: parts.parts.count, own: [number - 1]), in: Self.shared(folder),
            progress: progress)
        var file = try AtomicFile(path: folder.file(ofPart: number))
        try file.append(Self.content(digests))
        try file.commit()
        return digests
    }

    private static func shared(_ folder: PartFolder) -> String { "\(folder.path)/calibration" }

    private static func content(_ digests: [String]) -> [UInt8] { Array(digests.map { $0 + "\n" }.joined().utf8) }

    /// Writes the model.
    ///
    /// - Parameters:
    ///   - parts: All parts, as they were collected.
    ///   - output: The file's name.
    /// - Returns: what was written.
    /// - Throws: `PlanError` if the layers that parts have left are not those that they speak of.
    package func finish(_ parts: CollectedParts, output: String) throws -> Conversion.Outcome {
        let folder = Self.shared(parts.folder)
        let digests = try plan.calibratedDigests(in: folder)
        for record in parts.records where record.lines != digests {
            throw PlanError(.unusable(part: record.part, .damaged), path: parts.folder.file(ofPart: record.part))
        }
        var plan = plan
        plan.calibrationFolder = folder
        return try plan.write(to: output, progress: progress)
    }
}
