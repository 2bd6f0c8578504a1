import Foundation
import Numerics
import Testing

struct BLASTests {
    /// OpenBLAS goes by the model's number, and took kernels of 2004 for processors that it does not know.
    @Test(
        .enabled(if: flags.isSuperset(of: ["avx2", "fma"]), "the processor has no AVX2"),
        .enabled(if: ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"] == nil, "the kernels were chosen outside")
    )
    func kernelsUseTheVectorsThatTheProcessorHas() {
        let cores = ["Haswell", "Zen", "Excavator", "SkylakeX", "Cooperlake", "SapphireRapids"]
        #expect(cores.contains { $0.lowercased() == BLAS.coreName.lowercased() }, "\(BLAS.coreName)")
    }

    /// What Linux says that the processor can.
    private static let flags: Set<String> = {
        let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = information.split(separator: "\n").first { $0.hasPrefix("flags") } ?? ""
        return Set(line.split(separator: " ").map(String.init))
    }()
}
