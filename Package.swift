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
    products: [
        .executable(name: "swage", targets: ["swage"]),
        .library(name: "BlockFormats", targets: ["BlockFormats", "TensorCore"]),
        .library(name: "ErrorFeedback", targets: ["ErrorFeedback"]),
        .library(name: "Pipelines", targets: ["Pipelines", "Evaluation", "Recipes"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ] + documentation,
    targets: [
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
        .systemLibrary(
            name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"]), .brew(["openblas"])]),
        .target(name: "CSIMD"),

        module("TensorCore", ["CZstd"]),
        module("ByteJSON", ["TensorCore"]),
        module("GGUFContainer", ["TensorCore"]),
        module("Shards", ["TensorCore", "ByteJSON"]),
        module("Safetensors", ["TensorCore", "ByteJSON", "Shards"]),
        module("TorchArchive", ["TensorCore", "Shards"]),
        module("BlockFormats", ["TensorCore", "CSIMD"]),
        module("BFloat16Products", ["TensorCore", "CSIMD"]),
        module("ErrorFeedback", ["TensorCore", "BlockFormats", "BFloat16Products", "COpenBLAS", "CSIMD"]),
        module("ModelArchitecture", ["TensorCore", "GGUFContainer"]),
        module("Tokenization", ["TensorCore", "ByteJSON"]),
        module("ChatTemplates", ["TensorCore", "ByteJSON"]),
        module(
            "Checkpoints",
            [
                "TensorCore", "ByteJSON", "ModelArchitecture", "Shards", "Safetensors", "TorchArchive",
                "Tokenization",
                .product(name: "Yams", package: "Yams"),
            ]),
        module("Recipes", ["TensorCore", "ByteJSON", "ModelArchitecture"]),
        module("Importance", ["TensorCore", "GGUFContainer"]),
        module("Runtime", ["TensorCore", "ModelArchitecture", "BlockFormats", "BFloat16Products", "COpenBLAS"]),
        module("Hessians", ["TensorCore", "GGUFContainer", "ErrorFeedback", "ModelArchitecture", "Runtime"]),
        module(
            "Evaluation",
            [
                "TensorCore", "ByteJSON", "ModelArchitecture", "ErrorFeedback", "Runtime", "Tokenization", "Importance",
            ]),
        module(
            "Pipelines",
            [
                "TensorCore", "ByteJSON", "ModelArchitecture", "Checkpoints", "GGUFContainer", "BlockFormats",
                "ErrorFeedback",
                "Recipes",
                "Importance", "Runtime", "Hessians", "Tokenization", "ChatTemplates", "Evaluation",
                .product(name: "Crypto", package: "swift-crypto"),
            ]),
        module("Reporting"),
        module(
            "SwageCommand",
            [
                "TensorCore", "GGUFContainer", "ModelArchitecture", "BlockFormats", "Checkpoints", "Recipes",
                "Importance",
                "Tokenization", "Runtime", "Evaluation", "Pipelines", "Reporting",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(name: "swage", dependencies: ["SwageCommand"], swiftSettings: strict),

        tests("TensorCore"),
        tests("ByteJSON"),
        tests("GGUFContainer", ["TensorCore"]),
        tests("Safetensors", ["TensorCore", "ByteJSON", "Shards"]),
        tests("TorchArchive", ["TensorCore", "Safetensors", "Shards"]),
        tests("BlockFormats", ["TensorCore"]),
        tests("BFloat16Products", ["TensorCore", "CSIMD"]),
        tests("ErrorFeedback", ["TensorCore", "BlockFormats"]),
        tests("Tokenization", ["TensorCore", "ByteJSON"]),
        tests("ChatTemplates", ["TensorCore", "ByteJSON"]),
        tests("ModelArchitecture", ["TensorCore", "ByteJSON", "GGUFContainer"]),
        tests("Checkpoints", ["TensorCore", "Safetensors"]),
        tests("Recipes", ["ModelArchitecture"]),
        tests("Importance", ["TensorCore", "GGUFContainer"]),
        tests("Runtime", ["ByteJSON", "ModelArchitecture", "TensorCore"]),
        tests("Hessians", ["TensorCore", "GGUFContainer", "ErrorFeedback", "ModelArchitecture", "Runtime"]),
        tests("Reporting"),
        tests("Evaluation", ["Runtime", "ErrorFeedback", "TensorCore", "ModelArchitecture"]),
        tests(
            "Pipelines",
            [
                "TensorCore", "ByteJSON", "GGUFContainer", "Safetensors", "BlockFormats", "ErrorFeedback",
                "ModelArchitecture", "ChatTemplates", "Checkpoints", "Runtime", "Recipes", "Evaluation", "Tokenization",
                .product(name: "Crypto", package: "swift-crypto"),
            ]),
        tests(
            "SwageCommand",
            ["swage", "TensorCore", "GGUFContainer", .product(name: "ArgumentParser", package: "swift-argument-parser")]),

        .target(
            name: "TestSupport", dependencies: ["TensorCore"], path: "Tests/TestSupport", swiftSettings: strict),
    ]
)
