// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]

/// A program of one file, and the products of Swage that it uses.
func example(_ name: String, _ products: String...) -> Target {
    .executableTarget(
        name: name, dependencies: products.map { .product(name: $0, package: "swage") }, swiftSettings: strict)
}

let package = Package(
    name: "swage-examples",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "swage", path: "..")],
    targets: [
        example("ReadMetadata", "GGUF"),
        example("ReadNumbers", "SafetensorsIO"),
        example("DequantizeTensor", "GGUF", "BlockFormats"),
        example("TokenizeText", "Tokenizers"),
        example("ScoreText", "Swage"),
    ]
)
