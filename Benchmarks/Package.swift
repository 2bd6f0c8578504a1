// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]

// Measurements that compare with the reference implementations; not part of the product.
let package = Package(
    name: "swage-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "swage", path: "..")],
    targets: [
        .executableTarget(
            name: "CalibrationTable",
            dependencies: [
                .product(name: "BlockFormats", package: "swage"), .product(name: "Swage", package: "swage"),
            ], swiftSettings: strict),
        .executableTarget(
            name: "EncodeRows", dependencies: [.product(name: "BlockFormats", package: "swage")],
            swiftSettings: strict),
        .executableTarget(name: "PipelineBenchmark", swiftSettings: strict),
        .executableTarget(
            name: "QualityTable",
            dependencies: [
                .product(name: "BlockFormats", package: "swage"), .product(name: "Swage", package: "swage"),
            ], swiftSettings: strict),
        .executableTarget(
            name: "RealGeometry",
            dependencies: [
                .product(name: "BlockFormats", package: "swage"), .product(name: "Swage", package: "swage"),
            ], swiftSettings: strict),
    ]
)
