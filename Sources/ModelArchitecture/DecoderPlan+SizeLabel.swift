extension DecoderPlan {
    /// The number of elements of all tensors.
    public var parameterCount: Int { tensors.reduce(0) { $0 + $1.dimensions.reduce(1, *) } }

    /// Whether there are fewer than 2^60 elements, so that those of all tensors, and their bytes, can be counted.
    ///
    /// Numbers of layers, of experts and widths that each are possible need not be together.
    public var isCountable: Bool {
        func size(_ role: TensorRole) -> Double { dimensions(of: role).reduce(1) { $0 * Double($1) } }
        let layer = layerRoles.reduce(0) { $0 + size($1) }
        return size(.tokenEmbedding) + size(.output) + Double(layerCount) * layer < 0x1p60
    }

    /// The size as llama.cpp's `general.size_label` gives it: parameters, or for experts `8x7B`: their number and the
    /// parameters of a model with one of them.
    public var sizeLabel: String {
        var shared = 0
        var expert = 0
        for tensor in tensors {
            let count = tensor.dimensions.reduce(1, *)
            if tensor.dimensions.count == 3 { expert += count / tensor.dimensions[2] } else { shared += count }
        }
        let label = Self.rounded(shared + expert)
        return if let experts { "\(experts.count)x\(label)" } else { label }
    }

    /// A count with a unit and at least two digits.
    private static func rounded(_ count: Int) -> String {
        let (unit, suffix) =
            switch Double(count) {
            case let count where count > 1e12: (1e12, "T")
            case let count where count > 1e9: (1e9, "B")
            case let count where count > 1e6: (1e6, "M")
            default: (1e3, "K")
            }
        let value = Double(count) / unit
        let digits =
            switch value.rounded(.toNearestOrEven) {
            case 10...: 0
            case 1...: 1
            default: 2
            }
        let scale = digits == 0 ? 1 : digits == 1 ? 10 : 100
        let (whole, fraction) = Int((value * Double(scale)).rounded(.toNearestOrEven))
            .quotientAndRemainder(dividingBy: scale)
        return digits == 0 ? "\(whole)\(suffix)" : "\(whole).\(String(scale + fraction).dropFirst())\(suffix)"
    }
}
