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

/// `SWAGE_DOCS=1` adds the command that makes the documentation; building and using the package need no plugin.
let documentation: [Package.Dependency] =
    Context.environment["SWAGE_DOCS"] == nil
    ? [] : [.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.0")]

let package = Package(
    name: "swage",
    platforms: [.macOS(.v15)],
    dependencies: documentation,
    targets: [
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),

        module("TensorCore", ["CZstd"]),
        tests("TensorCore"),
        module("ByteJSON", ["TensorCore"]),
        tests("ByteJSON"),
        module("GGUFContainer", ["TensorCore"]),
        tests("GGUFContainer", ["TensorCore"]),

        module("ModelArchitecture", ["TensorCore"]),
        tests("ModelArchitecture"),

        module("Recipes", ["TensorCore", "ModelArchitecture"]),
        tests("Recipes", ["ModelArchitecture"]),

        .target(
            name: "TestSupport", dependencies: ["TensorCore"], path: "Tests/TestSupport", swiftSettings: strict),
    ]
)
