import Calibration
import Evaluation
import Foundation
import Models
import Parallelism
import Pipelines
import Recipes
import Synchronization
import TestSupport
import Testing

/// A calibrated quantization that several processes work at writes the file that one writes.
@Suite struct CalibrationShareTests {
    private static func plan(
        _ checkpoint: String, _ type: String, folder: String? = nil
    ) throws -> Quantization.Plan {
        let texts = CalibrationTexts(
            [try EvaluationText(contentsOf: Fixtures.path("text/calib/web-zh.txt"))],
            cut: WindowCut(context: 64, windowLimit: 4), heldOutCount: 1)
        let quantization = Quantization(recipe: try Recipe(named: type), parallel: Parallel(threadCount: 1))
        let model = try Model.open(checkpoint)
        var plan = try quantization.plan(QuantizationInputs(model, guidance: .texts(TextFitting(texts))))
        plan.calibrationFolder = folder
        return plan
    }

    /// Runs shares at the same time, each with a model of its own, and returns what each returned.
    private static func run(
        _ shares: [CalibrationShares], of checkpoint: String, _ type: String, in folder: String
    ) throws -> [[String]] {
        let results = Mutex<[Result<[String], any Error>]>([])
        let group = DispatchGroup()
        // Not the queue's threads: it has as many as there are cores, and shares wait for each other.
        for share in shares {
            group.enter()
            Thread.detachNewThread {
                let result = Result { try plan(checkpoint, type).run(share, in: folder) { _ in } }
                results.withLock { $0.append(result) }
                group.leave()
            }
        }
        group.wait()
        return try results.withLock { try $0.map { try $0.get() } }
    }

    private static func single(_ checkpoint: String, _ type: String, in folder: String) throws -> Data {
        _ = try plan(checkpoint, type).write(to: folder + "/single.gguf") { _ in }
        return try Data(contentsOf: URL(filePath: folder + "/single.gguf"))
    }

    private static func joined(_ checkpoint: String, _ type: String, in folder: String) throws -> Data {
        let plan = try plan(checkpoint, type, folder: folder + "/shared")
        _ = try plan.write(to: folder + "/joined.gguf") { _ in }
        return try Data(contentsOf: URL(filePath: folder + "/joined.gguf"))
    }

    /// Of several layers, of a model without shared experts, and more shares than there are experts.
    @Test(arguments: [
        (2, "xverse-moe-tiny", "Q4_0"), (1, "apus-xdan-tiny", "Q4_0"), (5, "apus-xdan-tiny", "Q4_0"),
        (1, nil, "IQ2_XXS"), (2, nil, "Q4_K_M"), (16, nil, "IQ2_XXS"),
    ])
    func anyNumberOfSharesWritesTheSameFile(count: Int, name: String?, type: String) throws {
        let checkpoint = try name.map { Fixtures.path("models/\($0)") } ?? ShallowCheckpoint.path()
        try Fixtures.withTemporaryDirectory { folder in
            let digests = try Self.run(
                (0..<count).map { CalibrationShares(count: count, own: [$0]) }, of: checkpoint, type,
                in: folder + "/shared")
            #expect(Set(digests).count == 1)
            #expect(try Self.plan(checkpoint, type).calibratedDigests(in: folder + "/shared") == digests[0])
            #expect(try Self.joined(checkpoint, type, in: folder) == Self.single(checkpoint, type, in: folder))
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["joined.gguf", "single.gguf"])
        }
    }

    @Test func oneProcessDoesAllSharesAndThoseThatNobodyDoes() throws {
        try Fixtures.withTemporaryDirectory { folder in
            let (checkpoint, type) = (try ShallowCheckpoint.path(), "Q4_K_M")
            let all = try Self.run(
                [CalibrationShares(count: 3, own: [0, 1, 2])], of: checkpoint, type, in: folder + "/shared")
            #expect(try Self.joined(checkpoint, type, in: folder) == Self.single(checkpoint, type, in: folder))
            let alone = try Self.run(
                [CalibrationShares(count: 2, own: [1])], of: checkpoint, type, in: folder + "/alone")
            #expect(alone == all)
        }
    }

    @Test func aShareThatIsDoneIsTakenAsItIs() throws {
        try Fixtures.withTemporaryDirectory { folder in
            let shares = [CalibrationShares(count: 2, own: [0, 1])]
            let first = try Self.run(shares, of: ShallowCheckpoint.path(), "Q4_K_M", in: folder + "/shared")
            // What was damaged is encoded again.
            try Data("damaged".utf8).write(to: URL(filePath: folder + "/shared/layer-1"))
            #expect(try Self.run(shares, of: ShallowCheckpoint.path(), "Q4_K_M", in: folder + "/shared") == first)
        }
    }

    @Test func anotherCalibrationIsRefused() throws {
        try Fixtures.withTemporaryDirectory { folder in
            let shares = [CalibrationShares(count: 1, own: [0])]
            _ = try Self.run(shares, of: ShallowCheckpoint.path(), "Q4_K_M", in: folder + "/shared")
            let error = try #require(throws: CalibrationError.self) {
                try Self.run(shares, of: ShallowCheckpoint.path(), "Q6_K", in: folder + "/shared")
            }
            #expect(error.kind == .otherCalibration)
        }
    }
}
