// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]

/// Modules of other packages that ours import, and where they come from.
let foreign: [String: Target.Dependency] = [
    "ArgumentParser": .product(name: "ArgumentParser", package: "swift-argument-parser"),
    "Mustache": .product(name: "Mustache", package: "swift-mustache"),
]

func dependencies(_ names: [String]) -> [Target.Dependency] { names.map { foreign[$0] ?? .byName(name: $0) } }

/// A library of ours and the modules that it imports, as in the table of Docs/Architecture.md.
func module(_ name: String, _ imports: String...) -> Target {
    .target(name: name, dependencies: dependencies(imports), swiftSettings: strict)
}

/// A library that arranges what others compute: it is not optimized, which would be most of its build, and has no loop in
/// which a run spends its time.
func arrangingModule(_ name: String, _ imports: String...) -> Target {
    .target(
        name: name, dependencies: dependencies(imports),
        swiftSettings: strict + [.unsafeFlags(["-Onone"], .when(configuration: .release))])
}

/// The tests of a module and what they import beside it and `TestSupport`.
func tests(_ name: String, _ imports: String...) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: dependencies([name, "TestSupport"] + imports), swiftSettings: strict)
}

/// A library of the system.
func system(_ name: String, _ pkgConfig: String, apt: String, brew: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt]), .brew([brew])])
}

/// `SWAGE_DOCS=1` adds the command that makes the documentation; building and using the package need no plugin.
let documentation: [Package.Dependency] =
    Context.environment["SWAGE_DOCS"] == nil
    ? [] : [.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.0")]

/// `SWAGE_FUZZ=1` adds the programs of `make fuzz`, one of which only a build with libFuzzer can link.
let fuzzing: [Target] =
    Context.environment["SWAGE_FUZZ"] == nil
    ? []
    : [
        .executableTarget(
            name: "Fuzz", dependencies: ["FuzzTargets"], path: "Tests/Fuzz/Guided", swiftSettings: strict,
            linkerSettings: [.unsafeFlags(["-use-ld=lld"])]),
        .executableTarget(
            name: "UnguidedFuzz", dependencies: ["FuzzTargets"], path: "Tests/Fuzz/Unguided", swiftSettings: strict),
    ]

/// The products: the modules that each is made of, with those whose types its interface shows.
///
/// The first module of each has the documentation. A module re-exports the others that its own interface shows;
/// Tests/Lint/api.sh checks that nothing else shows.
let libraries: [(name: String, modules: [String])] = [
    ("GGUF", ["GGUF", "Tensors", "Files"]),
    ("SafetensorsIO", ["SafetensorsIO", "Shards", "Tensors", "Files"]),
    ("BlockFormats", ["BlockFormats", "Tensors", "Files"]),
    ("Tokenizers", ["Tokenizers", "ChatTemplates", "ByteJSON", "Files"]),
    (
        "Swage",
        [
            "Swage", "Pipelines", "Verification", "Models", "Calibration", "WeightEncoding", "Evaluation", "Runtime",
            "Recipes", "Importance", "Hessians", "Manifests", "ErrorFeedback", "Upcycling", "Checkpoints",
            "ModelArchitecture", "Parallelism", "ChatTemplates", "ByteJSON",
        ]
    ),
]

let package = Package(
    name: "swage",
    platforms: [.macOS(.v15)],
    products: libraries.map { .library(name: $0.name, targets: $0.modules) }
        + [.executable(name: "swage", targets: ["SwageTool"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    ] + documentation,
    targets: [
        system("CCrypto", "libcrypto", apt: "libssl-dev", brew: "openssl@3"),
        system("COpenBLAS", "openblas", apt: "libopenblas-dev", brew: "openblas"),
        system("CYAML", "yaml-0.1", apt: "libyaml-dev", brew: "libyaml"),
        system("CZstd", "libzstd", apt: "libzstd-dev", brew: "zstd"),
        .target(name: "CSIMD"),
        .target(name: "CStartup"),
        .target(name: "CTexts"),
        // The Makefile names the commit; what the package manager knows of it is as old as its reading of this file.
        .target(
            name: "CBuild",
            cSettings: Context.environment["SWAGE_COMMIT"].map { [.define("SWAGE_COMMIT", to: $0)] } ?? []),

        module("Platform"),
        module("Files", "Platform"),
        module("Parallelism", "Platform"),
        module("Tensors", "Files"),
        module("Numerics", "COpenBLAS", "CSIMD", "Platform"),
        module("Compression", "CZstd"),
        module("YAML", "CYAML"),
        module("Digests", "CCrypto"),

        module("Journals", "Platform", "Files", "Digests"),
        module("ByteJSON", "Files"),
        arrangingModule("Parts", "Platform", "Files", "Digests", "Journals", "ByteJSON"),
        module("GGUF", "Files", "Tensors"),
        module("Manifests", "GGUF"),
        module("Shards", "Files", "ByteJSON"),
        module("SafetensorsIO", "Files", "Tensors", "ByteJSON", "Shards"),
        module("TorchArchive", "Files", "Tensors", "Shards"),
        module("BlockFormats", "Files", "Parallelism", "Tensors", "CSIMD"),
        module("ErrorFeedback", "Parallelism", "Numerics", "BlockFormats", "CSIMD"),
        module("ModelArchitecture", "Platform", "Files", "GGUF"),
        module("Tokenizers", "Platform", "Files", "ByteJSON"),
        module("ChatTemplates", "Files", "ByteJSON"),
        arrangingModule(
            "Checkpoints", "Platform", "Files", "Tensors", "ByteJSON", "ModelArchitecture", "Shards", "SafetensorsIO",
            "TorchArchive", "Tokenizers", "YAML"),
        module("Recipes", "Files", "Tensors", "ByteJSON", "ModelArchitecture"),
        module(
            "Upcycling", "Files", "Tensors", "Numerics", "Digests", "ByteJSON", "BlockFormats", "ModelArchitecture",
            "Checkpoints"),
        module("Importance", "Platform", "Files", "Tensors", "GGUF", "Manifests"),
        module(
            "Runtime", "Platform", "Files", "Parallelism", "Tensors", "Numerics", "ModelArchitecture", "BlockFormats"),
        module(
            "Hessians", "Files", "Tensors", "Numerics", "GGUF", "Manifests", "ErrorFeedback", "ModelArchitecture",
            "Runtime"),
        module(
            "Evaluation", "CTexts", "Platform", "Files", "Parallelism", "Numerics", "Compression", "Digests",
            "Manifests",
            "Journals",
            "ByteJSON", "ModelArchitecture", "Runtime", "Tokenizers"),
        module("WeightEncoding", "Files", "Parallelism", "Tensors", "BlockFormats", "Importance"),
        module(
            "Calibration", "Platform", "Files", "Parallelism", "Tensors", "Numerics", "Journals", "ModelArchitecture",
            "BlockFormats",
            "ErrorFeedback",
            "Importance", "Runtime", "Hessians", "Tokenizers", "Evaluation", "WeightEncoding"),
        arrangingModule(
            "Models", "Files", "Parallelism", "Tensors", "Digests", "ByteJSON", "GGUF", "Manifests", "BlockFormats",
            "ModelArchitecture", "Tokenizers", "Checkpoints"),
        module(
            "Verification", "Files", "Parallelism", "Tensors", "Digests", "GGUF", "BlockFormats", "CSIMD",
            "ModelArchitecture", "Tokenizers", "Models"),
        arrangingModule(
            "Pipelines", "Files", "Parallelism", "Tensors", "Numerics", "Digests", "Journals", "ByteJSON", "Parts",
            "ModelArchitecture", "Checkpoints", "Shards", "SafetensorsIO", "Upcycling",
            "GGUF", "Manifests", "BlockFormats", "ErrorFeedback", "Recipes", "Importance", "Runtime", "Hessians",
            "Tokenizers", "ChatTemplates", "Evaluation", "WeightEncoding", "Calibration", "Models", "Verification"),
        arrangingModule("Launchers", "Files"),
        arrangingModule("Reporting"),
        arrangingModule("Pages", "Platform", "Manifests", "Reporting", "Mustache"),
        arrangingModule(
            "SwageCommand", "CBuild", "Platform", "Files", "Parallelism", "Tensors", "Numerics", "ByteJSON", "Journals",
            "Parts", "GGUF", "Manifests",
            "ModelArchitecture", "BlockFormats", "Checkpoints", "Upcycling", "Recipes", "Importance", "Tokenizers",
            "Runtime",
            "Evaluation", "Calibration", "Models", "Pipelines", "Verification", "Launchers", "Reporting", "Pages",
            "ArgumentParser"),
        .executableTarget(name: "SwageTool", dependencies: ["SwageCommand", "CStartup"], swiftSettings: strict),
        module(
            "Swage", "Files", "Parallelism", "Tensors", "ByteJSON", "GGUF", "Manifests", "BlockFormats",
            "ErrorFeedback",
            "ModelArchitecture", "Tokenizers", "ChatTemplates", "Checkpoints", "Upcycling", "Recipes", "Importance",
            "Runtime",
            "Hessians", "Evaluation", "WeightEncoding", "Calibration", "Models", "Pipelines",
            "Verification"),

        tests("Files", "Parallelism"),
        tests("Tensors"),
        tests("Numerics", "CSIMD"),
        tests("Digests"),
        tests("Journals", "Files"),
        tests("ByteJSON", "Files"),
        tests("Parts", "Files", "Journals"),
        tests("GGUF", "Files", "Tensors", "Numerics"),
        tests("SafetensorsIO", "Files", "Tensors", "Numerics", "ByteJSON", "Shards"),
        tests("TorchArchive", "Files", "Numerics", "SafetensorsIO", "Shards"),
        tests("BlockFormats", "Tensors", "Numerics", "CSIMD"),
        tests("ErrorFeedback", "Files", "Parallelism", "Tensors", "Numerics", "BlockFormats"),
        tests("Tokenizers", "Files", "Numerics", "ByteJSON"),
        tests("ChatTemplates", "Numerics", "ByteJSON"),
        tests("ModelArchitecture", "Files", "ByteJSON", "GGUF"),
        tests("Checkpoints", "Files", "Tensors", "Numerics", "SafetensorsIO"),
        tests(
            "Upcycling", "Files", "Parallelism", "Tensors", "ByteJSON", "ModelArchitecture", "Checkpoints", "Models",
            "Pipelines", "Runtime", "SafetensorsIO", "Tokenizers", "Evaluation"),
        tests("Recipes", "Files", "Tensors", "Numerics", "ModelArchitecture", "Parts", "WeightEncoding"),
        tests("Importance", "Files", "Tensors", "Numerics", "GGUF"),
        tests(
            "Runtime", "Files", "Parallelism", "Tensors", "Numerics", "ByteJSON", "ModelArchitecture", "BlockFormats"),
        tests(
            "Hessians", "Files", "Tensors", "Numerics", "GGUF", "ErrorFeedback", "ModelArchitecture", "Runtime"
        ),
        tests("Launchers", "Files"),
        tests("Reporting"),
        tests("Pages"),
        tests("Evaluation", "Runtime"),
        tests("Calibration", "Parallelism", "Numerics", "Runtime", "ErrorFeedback", "ModelArchitecture"),
        tests(
            "Pipelines", "Importance", "Files", "Parallelism", "Tensors", "Numerics", "Digests", "ByteJSON", "GGUF",
            "SafetensorsIO", "BlockFormats", "ErrorFeedback", "ModelArchitecture", "ChatTemplates", "Checkpoints",
            "Runtime", "Recipes", "Evaluation", "Tokenizers", "Calibration", "Models"),
        tests(
            "Verification", "Files", "Parallelism", "Tensors", "Numerics", "GGUF", "BlockFormats", "Models"),
        tests("SwageCommand", "SwageTool", "Platform", "Files", "Compression", "Digests", "GGUF", "ArgumentParser"),

        tests("FuzzTargets"),

        .target(
            name: "FuzzTargets",
            dependencies: dependencies([
                "Platform", "Files", "Parallelism", "Tensors", "Numerics", "Compression", "Journals", "ByteJSON",
                "Parts",
                "GGUF", "Shards",
                "SafetensorsIO", "TorchArchive", "Manifests", "BlockFormats", "ErrorFeedback", "ModelArchitecture",
                "Tokenizers", "ChatTemplates", "Checkpoints", "Recipes", "Importance", "Runtime", "Hessians",
                "Evaluation", "Models",
                "Pipelines", "Verification", "TestSupport",
            ]), path: "Tests/FuzzTargets", swiftSettings: strict),
        .target(
            name: "TestSupport", dependencies: ["Files", "Compression", "ByteJSON"], path: "Tests/TestSupport",
            swiftSettings: strict),
    ] + fuzzing
)
