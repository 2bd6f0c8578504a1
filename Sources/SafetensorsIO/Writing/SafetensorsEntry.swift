/// A tensor that a safetensors file is to hold: its name, element type and shape.
public struct SafetensorsEntry: Sendable, Hashable {
    /// The name of the tensor in the file.
    public let name: String
    /// The type of the elements.
    public let type: SafetensorsType
    /// The dimensions, slowest first; empty for a single number. A dimension may be 0.
    public let shape: [Int]
    /// The size of all elements in bytes.
    public let byteCount: Int

    /// Describes a tensor, and computes its size.
    ///
    /// - Parameters:
    ///   - name: The name of the tensor in the file.
    ///   - type: The type of the elements.
    ///   - shape: The dimensions, slowest first; empty for a single number.
    /// - Returns: nil if a dimension is negative, the elements do not fill whole bytes, or their size overflows.
    public init?(name: String, type: SafetensorsType, shape: [Int]) {
        var bits = type.bitCount
        for dimension in shape {
            let (product, overflow) = bits.multipliedReportingOverflow(by: dimension)
            guard !overflow, dimension >= 0 else { return nil }
            bits = product
        }
        guard bits.isMultiple(of: 8) else { return nil }
        self.name = name
        self.type = type
        self.shape = shape
        byteCount = bits / 8
    }
}
