import Digests
import Evaluation
import Importance
import Models

extension Fingerprint {
    /// SHA-256 of a text's bytes.
    public static func of(_ text: EvaluationText) -> String {
        SHA256.hexadecimal(of: text.bytes)
    }

    /// The digest of what an importance matrix says of each weight.
    static func of(_ importance: ImportanceMatrix) -> String {
        var hash = SHA256()
        for (name, entry) in importance.entries.sorted(by: { $0.key < $1.key }) {
            hash.update(Array("\(name) \(entry.rowLength)\n".utf8))
            for numbers in [entry.sums, entry.counts] {
                numbers.map(\.bitPattern.littleEndian).withUnsafeBytes { hash.update($0) }
            }
        }
        return hash.hexadecimal
    }
}
