/// What sums over some weights must keep to, to be those of the original ones and a quantization of them.
struct AgreementBounds: Sendable {
    /// The least cosine of a block or a row with the original's.
    var cosine: Double
    /// The greatest distance of a block's gain from 1, and of a row's from that of its matrix.
    var gain: Double

    func allow(_ sums: Agreement) -> Bool {
        sums.cosine >= cosine && (sums.gain - 1).magnitude <= gain
    }
}
