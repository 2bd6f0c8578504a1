// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]

/// A library target of ours: Swift 6 language mode, warnings as errors.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name), "TestSupport"] + dependencies, swiftSettings: strict)
}

let package = Package(
    name: "swage",
    platforms: [.macOS(.v15)],
    targets: [
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),

        module("TensorCore", ["CZstd"]),
        tests("TensorCore"),
        module("ByteJSON", ["TensorCore"]),
        tests("ByteJSON"),
        module("GGUFContainer", ["TensorCore"]),
        tests("GGUFContainer", ["TensorCore"]),
        module("Safetensors", ["ByteJSON", "TensorCore"]),
        tests("Safetensors", ["TensorCore"]),
        module("Importance", ["GGUFContainer", "TensorCore"]),
        tests("Importance", ["GGUFContainer", "TensorCore"]),

        .target(
            name: "TestSupport", dependencies: ["TensorCore"], path: "Tests/TestSupport", swiftSettings: strict),
    ]
)
