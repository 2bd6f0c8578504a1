import BlockFormats
import ErrorFeedback
import Foundation
import ModelArchitecture
import Pipelines
import Runtime
import Synchronization
import TensorCore

/// What an error of the embedding costs in the end: a metric of the size of a Hessian, measured by disturbing all rows.
///
/// With Δ the change of the final states that small random changes E of the tokens' rows make, J = (EᵀE)⁻¹EᵀΔ is the mean
/// linear response, and J·F·Jᵀ the mean curvature of the KL divergence along it, where F is the Fisher information of the
/// predictions with respect to the final states.
struct Sensitivity {
    let model: Model
    let parallel: Parallel
    var noise: Float = 0.1

    func embeddingMetric(windows: [TokenSequence]) throws -> SecondMoments {
        let width = model.plan.embeddingLength
        let index = model.tensors.tensors.firstIndex { $0.name == TensorName(.tokenEmbedding).gguf }!
        let stored = model.tensors.tensors[index]
        let rowCount = stored.shape.rowCount
        var bytes = [UInt8](repeating: 0, count: stored.byteCount)
        try bytes.withUnsafeMutableBytes {
            try model.tensors.readRows(ofTensorAt: index, rows: 0..<rowCount, into: $0)
        }
        var values = [Float](repeating: 0, count: rowCount * width)
        BlockFormats.codec(for: stored.type)!.decode(bytes, count: values.count, into: &values)
        var random = Noise()
        var errors = [Float](repeating: 0, count: values.count)
        for row in 0..<rowCount {
            let line = values[row * width..<(row + 1) * width]
            let size = (line.reduce(0) { $0 + $1 * $1 } / Float(width)).squareRoot() * noise
            for column in 0..<width { errors[row * width + column] = size * random.next() }
        }
        let disturbed = zip(values, errors).map { $0 + $1 }
        var overlay = OverlayTensors(model.tensors)
        overlay.replace(
            at: index, by: TensorDescriptor(name: stored.name, shape: stored.shape, type: .f32)!,
            bytes: disturbed.withUnsafeBytes { Array($0) })
        let reference = try model.forwardPass(parallel)
        let pass = try ForwardPass(plan: model.plan, source: overlay, path: "disturbed", parallel: parallel)
        let fisher = Fisher(width: width)
        let output = try outputRows()
        var squares = [Double](repeating: 0, count: width * width)
        var products = squares
        var captured = (total: 0.0, count: 0.0)
        var deltas: [[Float]] = []
        var tokenErrors: [ArraySlice<Float>] = []
        for start in stride(from: 0, to: windows.count, by: 32) {
            let batch = Array(windows[start..<min(windows.count, start + 32)])
            let tokens = batch.flatMap { $0 }
            let first = try reference.run(batch)
            let second = try pass.run(batch)
            try reference.logits(of: Array(stride(from: 0, to: tokens.count, by: 16)), in: first) { position, logits in
                fisher.add(logits, output, seed: UInt64(start * 100_000 + position))
            }
            for row in 0..<tokens.count {
                let delta = zip(try pass.finalNorm(second, row: row), try reference.finalNorm(first, row: row)).map(-)
                let error = errors[Int(tokens[row]) * width..<(Int(tokens[row]) + 1) * width]
                if row % 8 == 0 {
                    deltas.append(delta)
                    tokenErrors.append(error)
                }
                accumulate(error, delta, &squares, &products)
            }
        }
        let response = solve(squares, products, width)
        // The share of the change that the mean response explains.
        for (delta, error) in zip(deltas, tokenErrors) {
            var rest = 0.0
            var whole = 0.0
            for column in 0..<width {
                var sum = Double(delta[column])
                whole += sum * sum
                for (row, value) in error.enumerated() { sum -= Double(value) * response[row * width + column] }
                rest += sum * sum
            }
            captured.total += whole
            captured.count += rest
        }
        FileHandle.standardError.write(
            Data("unexplained share \(captured.count / captured.total)\n".utf8))
        let information = fisher.mean
        var half = [Double](repeating: 0, count: width * width)
        var metric = [Float](repeating: 0, count: width * width)
        for row in 0..<width {
            for middle in 0..<width {
                let factor = response[row * width + middle]
                for column in 0..<width { half[row * width + column] += factor * information[middle * width + column] }
            }
        }
        for row in 0..<width {
            for column in 0..<width {
                var sum = 0.0
                for middle in 0..<width { sum += half[row * width + middle] * response[column * width + middle] }
                metric[row * width + column] = Float(sum)
            }
        }
        return SecondMoments(columns: width, values: metric, rowCount: 1)
    }

    private func outputRows() throws -> [Float] {
        let role: TensorRole = model.plan.tiesOutputToEmbedding ? .tokenEmbedding : .output
        let index = model.tensors.tensors.firstIndex { $0.name == TensorName(role).gguf }!
        let stored = model.tensors.tensors[index]
        var bytes = [UInt8](repeating: 0, count: stored.byteCount)
        try bytes.withUnsafeMutableBytes {
            try model.tensors.readRows(ofTensorAt: index, rows: 0..<stored.shape.rowCount, into: $0)
        }
        var values = [Float](repeating: 0, count: stored.shape.elementCount)
        BlockFormats.codec(for: stored.type)!.decode(bytes, count: values.count, into: &values)
        return values
    }

    private func accumulate(
        _ error: ArraySlice<Float>, _ delta: [Float], _ squares: inout [Double], _ products: inout [Double]
    ) {
        let width = delta.count
        error.withUnsafeBufferPointer { error in
            squares.withUnsafeMutableBufferPointer { squares in
                products.withUnsafeMutableBufferPointer { products in
                    for row in 0..<width {
                        let factor = Double(error[row])
                        for column in 0..<width {
                            squares[row * width + column] += factor * Double(error[column])
                            products[row * width + column] += factor * Double(delta[column])
                        }
                    }
                }
            }
        }
    }

    /// A⁻¹ · B by elimination.
    private func solve(_ a: [Double], _ b: [Double], _ n: Int) -> [Double] {
        var a = a
        var b = b
        for pivot in 0..<n {
            let scale = 1 / a[pivot * n + pivot]
            for row in 0..<n where row != pivot {
                let factor = a[row * n + pivot] * scale
                for column in pivot..<n { a[row * n + column] -= factor * a[pivot * n + column] }
                for column in 0..<n { b[row * n + column] -= factor * b[pivot * n + column] }
            }
            for column in 0..<n {
                a[pivot * n + column] *= scale
                b[pivot * n + column] *= scale
            }
        }
        return b
    }
}

/// Normally distributed numbers.
private struct Noise {
    private var random = SeededRandom(seed: 1)

    mutating func next() -> Float {
        let (u, v) = (uniform(), uniform())
        return Float((-2 * log(u)).squareRoot() * cos(2 * .pi * v))
    }

    private mutating func uniform() -> Double { (Double(random.next() >> 11) + 0.5) * 0x1p-53 }
}

/// The mean covariance of the output rows under the predicted probabilities, by samples.
private final class Fisher: Sendable {
    private let width: Int
    private let sums: Mutex<(matrix: [Double], count: Double)>

    init(width: Int) {
        self.width = width
        sums = Mutex((matrix: [Double](repeating: 0, count: width * width), count: 0))
    }

    func add(_ logits: UnsafeBufferPointer<Float>, _ output: [Float], seed: UInt64) {
        let greatest = logits.max()!
        var total = 0.0
        for logit in logits { total += Double(exp(logit - greatest)) }
        var random = SeededRandom(seed: seed)
        func draw() -> Int {
            var left = Double(random.next() >> 11) * 0x1p-53 * total
            for (index, logit) in logits.enumerated() {
                left -= Double(exp(logit - greatest))
                if left < 0 { return index }
            }
            return logits.count - 1
        }
        let differences = (0..<4).map { _ in
            let (first, second) = (draw(), draw())
            return (0..<width).map { Double(output[first * width + $0] - output[second * width + $0]) }
        }
        sums.withLock { sums in
            for difference in differences {
                for row in 0..<width where difference[row] != 0 {
                    for column in 0..<width { sums.matrix[row * width + column] += difference[row] * difference[column] }
                }
                sums.count += 2
            }
        }
    }

    var mean: [Double] { sums.withLock { sums in sums.matrix.map { $0 / sums.count } } }
}
