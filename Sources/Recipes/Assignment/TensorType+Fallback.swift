import Tensors

extension TensorType {
    /// The type itself if rows of this length are whole blocks, else llama.cpp's substitute with smaller blocks, else F16.
    func storable(rowLength: Int) -> TensorType {
        if rowLength.isMultiple(of: blockLength) { return self }
        let substitute = self.substitute
        return rowLength.isMultiple(of: substitute.blockLength) ? substitute : .f16
    }

    private var substitute: TensorType {
        switch self {
        // llama-quantize has no substitute for NVFP4 and Q1_0 and stops.
        case .iq1_S, .iq1_M, .iq2_XXS, .iq2_XS, .iq2_S, .iq3_XXS, .iq3_S, .iq4_XS, .nvfp4: .iq4_NL
        case .q1_0, .q2_0, .q2_K, .q3_K, .tq1_0, .tq2_0: .q4_0
        case .q4_K: .q5_0
        case .q5_K: .q5_1
        case .q6_K: .q8_0
        default: .f16
        }
    }
}
