import ArgumentParser
import Models
import Pipelines
import Recipes

/// Options that say how large a quantized model may be.
struct BudgetOptions: ParsableArguments {
    @Option(
        name: [.customLong("fit"), .customLong("fit-gpu")],
        help: ArgumentHelp(
            "The memory of a device, such as 24GiB, that is to hold the model and its context in llama.cpp.",
            valueName: "size"))
    var fit: ByteSize?

    @Option(
        help: ArgumentHelp(
            "With --fit: memory beside the device, for the experts of layers that it cannot hold.", valueName: "size"))
    var fitRam: ByteSize?

    @OptionGroup var use: DeviceOptions

    @Option(help: ArgumentHelp("The size of the file, at most.", valueName: "size"))
    var size: ByteSize?

    @Option(help: "Bits per weight over all tensors, at most.")
    var bpw: Double?

    @Option(
        help: ArgumentHelp(
            "What types cost in this model, from swage sensitivity. Default: measured on the calibration texts.",
            valueName: "file"))
    var sensitivity: InputPath?

    @Option(help: "Windows at the end of each calibration text that nothing is fitted to, to measure on.")
    var heldOut = 1

    /// Limits that are given.
    var count: Int { [fit != nil, size != nil, bpw != nil].count { $0 } }

    func validate() throws {
        guard fit != nil || (!use.isAny && fitRam == nil) else {
            throw ValidationError("--fit-ram, --context, --kv and --reserve belong to --fit")
        }
        guard count > 0 || sensitivity == nil else {
            throw ValidationError("--sensitivity belongs to --fit, --size or --bpw")
        }
        if let bpw, !(bpw > 0 && bpw <= 32) { throw ValidationError("--bpw must be above 0 and at most 32") }
        guard heldOut >= 1 else { throw ValidationError("--held-out must be at least 1") }
    }

    /// - Returns: nil if no limit is given.
    func budget(for model: Model) -> Budget? {
        if let size { return Budget(.file(byteCount: size.byteCount)) }
        if let bpw { return Budget(.bitsPerWeight(bpw)) }
        return fit.map {
            let device = use.device(byteCount: $0.byteCount, for: model)
            return Budget(
                fitRam.map { .divided(device, processorByteCount: $0.byteCount) } ?? .device(device))
        }
    }
}
