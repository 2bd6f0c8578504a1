import ErrorFeedback
import Files

extension SecondMoments {
    /// An expert's moments with those of its layer, as far as it saw little.
    func drawn(towardLayer layer: SecondMoments?, _ policy: CalibrationPolicy) -> SecondMoments {
        guard let layer, layer.rowCount > 0 else { return self }
        return rowCount == 0 ? layer : drawn(toward: layer, priorRowCount: policy.priorRowCount)
    }
}

extension CalibrationPolicy {
    /// What the user should know when expert matrices saw fewer rows than the layer counts for.
    package func warning(rareCount: Int) -> Message? {
        guard rareCount > 0 else { return nil }
        return
            "\(rareCount) expert matrices saw fewer than \(Int(priorRowCount)) tokens: they were fitted mostly to what the "
            + "other experts of their layer see; more calibration text is better"
    }
}
