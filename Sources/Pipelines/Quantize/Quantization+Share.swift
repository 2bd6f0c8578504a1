import Calibration
import Models

extension Quantization.Plan {
    /// Encodes a share of the matrices that are fitted to texts, side by side with the processes that encode the others.
    ///
    /// - Parameters:
    ///   - shares: The shares, and those that this process begins with.
    ///   - folder: The folder that all processes share; the folder around it must exist.
    ///   - progress: Receives what the work tells, from any thread.
    /// - Returns: the digests of all layers' tensors, which are the same for every share.
    /// - Throws: What ``write(to:progress:)`` throws before it writes.
    package func run(
        _ shares: CalibrationShares, in folder: String, progress: @escaping ProgressHandler
    ) throws -> [String] {
        try fitting.run(
            shares, of: inputs.model, targets: file.tensors, guidance: encodingGuidance, in: folder,
            parallel: quantization.parallel, progress: progress)
    }

    /// The digests of all layers' tensors that shares have left; empty ones of layers that are not there.
    ///
    /// - Parameter folder: The folder that all processes share.
    /// - Throws: `CalibrationError` if the folder is of another calibration.
    package func calibratedDigests(in folder: String) throws -> [String] {
        try fitting.digests(of: inputs.model, targets: file.tensors, guidance: encodingGuidance, in: folder)
    }

    private var fitting: TextFitting {
        guard let fitting = inputs.guidance.texts else { preconditionFailure("nothing is fitted to texts") }
        return fitting
    }
}
