import Files
import Importance

extension ImportanceMatrix {
    /// What the user should know of experts that saw no or few tokens.
    public var warnings: [Message] {
        guard chunkSize > 0 else { return [] }
        let unseen = entries.values.reduce(0) { $0 + $1.expertCount(below: 1) }
        let rare = entries.values.reduce(0) { $0 + $1.expertCount(below: Self.priorRowCount) } - unseen
        var warnings: [Message] = []
        if unseen > 0 {
            warnings.append("\(unseen) expert matrices saw no token: they will get the mean importance of their layer")
        }
        if rare > 0 {
            warnings.append(
                "\(rare) expert matrices saw fewer than \(Int(Self.priorRowCount)) tokens: theirs will be drawn toward the "
                    + "mean of their layer; more calibration text is better")
        }
        return warnings
    }
}
