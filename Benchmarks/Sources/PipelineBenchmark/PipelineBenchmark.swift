import Foundation

/// Times the commands on a checkpoint of real geometry, with their peak memory, and llama.cpp's tools beside them.
///
/// PipelineBenchmark SWAGE FIXTURES [TYPE…]
///
/// Environment: `LLAMA_BIN` is the folder of llama.cpp's tools; without it only Swage is measured. `BENCH_DIR` is where the
/// files go (12 GB), a temporary folder otherwise. `BENCH_REPEATS` is how often each command is run, once otherwise: the
/// two programs take turns, and the median is printed. `BENCH_THREADS` is the number of threads, all processors otherwise.
@main
struct PipelineBenchmark {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3 else {
            FileHandle.standardError.write(Data("usage: PipelineBenchmark SWAGE FIXTURES [TYPE…]\n".utf8))
            exit(2)
        }
        let environment = ProcessInfo.processInfo.environment
        let threads =
            environment["BENCH_THREADS"].flatMap { Int($0) } ?? ProcessInfo.processInfo.activeProcessorCount
        let types = arguments.count > 3 ? Array(arguments[3...]) : ["Q4_K_M", "IQ2_XXS", "IQ1_S"]
        let generator = URL(filePath: arguments[0]).deletingLastPathComponent().appending(path: "RealGeometry").path
        let given = environment["BENCH_DIR"]
        let directory =
            given ?? FileManager.default.temporaryDirectory.appending(path: "swage-bench-\(getpid())").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { if given == nil { try? FileManager.default.removeItem(atPath: directory) } }

        let steps = Steps(
            swage: arguments[1], fixtures: arguments[2], directory: directory, llama: environment["LLAMA_BIN"],
            threads: threads)
        let checkpoint = try Command(
            [generator, "\(arguments[2])/models/xverse-moe-tiny", steps.checkpoint]
        ).run()
        print("\(Machine.description), \(threads) threads; checkpoint made in \(seconds(checkpoint.wall)) s\n")
        print("| step | s | CPU s | peak MiB | llama.cpp: s | CPU s | peak MiB | s ÷ | CPU s ÷ |")
        print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
        let repeats = max(1, environment["BENCH_REPEATS"].flatMap { Int($0) } ?? 1)
        for step in steps.all(types: types) { print(try row(step, repeats: repeats)) }
    }

    private static func row(_ step: Step, repeats: Int) throws -> String {
        var ours: [Usage] = []
        var theirs: [Usage] = []
        for _ in 0..<repeats {
            ours.append(try step.command.run())
            if let peer = step.peer { theirs.append(try peer.run()) }
        }
        let (our, their) = (Usage(medianOf: ours), theirs.isEmpty ? nil : Usage(medianOf: theirs))
        let cells =
            [step.name] + our.cells + (their?.cells ?? ["", "", ""])
            + (their.map { [ratio(our.wall, $0.wall), ratio(our.processor, $0.processor)] } ?? ["", ""])
        return "| " + cells.joined(separator: " | ") + " |"
    }

    private static func ratio(_ ours: Double, _ theirs: Double) -> String {
        theirs > 0 ? String(format: "%.2f", ours / theirs) : ""
    }
}

/// A time for a table.
func seconds(_ value: Double) -> String { String(format: value < 10 ? "%.2f" : "%.1f", value) }

extension Usage {
    /// Wall time, processor time, peak memory.
    var cells: [String] { [seconds(wall), seconds(processor), String(peakByteCount >> 20)] }
}

/// The machine, in words.
enum Machine {
    static var description: String {
        let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let model = information.split(separator: "\n").first { $0.hasPrefix("model name") }?.split(separator: ":").last
        return "\(model.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown processor"), "
            + "\(ProcessInfo.processInfo.activeProcessorCount) processors"
    }
}
