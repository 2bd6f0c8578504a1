import BlockFormats
import ErrorFeedback
import Foundation
import Numerics
import Parallelism
import Tensors

/// Times the parts of one matrix's encoding: `CalibrationTable --speed TYPE ROWS COLUMNS SETTINGS…`.
enum Speed {
    static func run(_ arguments: [String]) throws {
        guard arguments.count >= 4, let type = TensorType(name: arguments[0]), let rowCount = Int(arguments[1]),
            let columns = Int(arguments[2]), let codec = BlockFormats.codec(for: type) as? any QuantizingCodec
        else { throw Options.Usage(description: "--speed TYPE ROWS COLUMNS SETTINGS") }
        let parallel = Parallel()
        var random = SeededRandom(seed: 1)
        func values(_ count: Int) -> [Float] {
            (0..<count).map { _ in
                Float.random(in: -1...1, using: &random) + Float.random(in: -1...1, using: &random)
            }
        }
        let weights = values(rowCount * columns)
        var inputs = values(1024 * columns)
        for row in 0..<1024 {
            for column in 1..<columns { inputs[row * columns + column] += 0.7 * inputs[row * columns + column - 1] }
        }
        var product = MomentProduct(columns: columns)
        note("moments of 1024 rows") { product.add([(inputs, 1024)], parallel: parallel) }
        for text in arguments[3...] {
            let policy = try Variant(text).feedback(for: codec)
            var metric: FeedbackMetric?
            note("factors") {
                metric = FeedbackMetric(
                    product.moments, damping: policy.damping,
                    groupLength: FeedbackEncoder.groupLength(codec, policy))
            }
            var bytes = [UInt8](repeating: 0, count: rowCount * columns / type.blockLength * type.blockByteCount)
            let encoder = FeedbackEncoder(codec: codec, metric: metric!, policy: policy)
            var error = 0.0
            try note("\(type.name) \(text)") {
                try bytes.withUnsafeMutableBytes {
                    error = try encoder.encodeMeasuringError(
                        weights, rowCount: rowCount, into: $0.baseAddress!, parallel: parallel)
                }
            }
            print("error", error)
        }
    }

    private static func note(_ name: String, _ work: () throws -> Void) rethrows {
        let (begin, used) = (Date(), processorSeconds)
        try work()
        print(
            String(
                format: "%@: %.2f s, processor %.2f s", name, Date().timeIntervalSince(begin), processorSeconds - used))
    }

    private static var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
