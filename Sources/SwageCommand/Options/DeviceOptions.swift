import ArgumentParser
import Models
import Recipes

/// Options that say how llama.cpp uses a device.
struct DeviceOptions: ParsableArguments {
    @Option(help: "The tokens of a device's context. Default: what the model was made for, 8192 at most.")
    var context: Int?

    @Option(help: "The type of the key and value cache on a device, f16 or q8_0.")
    var kv: DeviceMemory.CacheType = .f16

    @Option(help: ArgumentHelp("What stays free on a device for the driver and other work.", valueName: "size"))
    var reserve: ByteSize?

    /// Whether any is given.
    var isAny: Bool { context != nil || kv != .f16 || reserve != nil }

    func validate() throws {
        if let context, !(1...1 << 24).contains(context) {
            throw ValidationError("--context must be from 1 to \(1 << 24)")
        }
    }

    /// - Parameter byteCount: the memory of the device.
    func device(byteCount: Int, for model: Model) -> DeviceMemory {
        var device = DeviceMemory(
            byteCount: byteCount, context: context ?? DeviceMemory.usualContext(model.plan), cacheType: kv)
        if let reserve { device.reserveByteCount = reserve.byteCount }
        return device
    }
}

extension DeviceMemory.CacheType: ExpressibleByArgument {}
