import Files
import Manifests
import Reporting
import Verification

/// What a verification found, for people.
struct VerificationReport {
    let soundness: FileVerification.Report
    let origin: OriginVerification.Report?
    let findings: [Finding]

    init(_ soundness: FileVerification.Report, _ origin: OriginVerification.Report?) {
        self.soundness = soundness
        self.origin = origin
        findings = soundness.findings + (origin?.findings ?? [])
    }

    /// A line on what was read, the findings, and the tensors that are farthest from the original's.
    func text(path: String, original: String?, limit: Int) -> DisplayText {
        var parts: [DisplayText] = [
            "\(path): \(soundness.tensorCount) tensors, \(Figures.bytes(soundness.byteCount)), \(verdict(original))"
        ]
        if !findings.isEmpty { parts.append(table(limit).terminal) }
        if let origin, !origin.tensors.isEmpty { parts.append(Self.table(origin.tensors, limit).terminal) }
        return parts.joined(separator: "\n\n") + "\n"
    }

    private func verdict(_ original: String?) -> String {
        guard findings.isEmpty else { return "\(findings.count) \(findings.count == 1 ? "finding" : "findings")" }
        return original.map { "sound, and a quantization of \($0)" } ?? "sound"
    }

    private func table(_ limit: Int) -> Table {
        var table = Table([.init("check"), .init("where"), .init("what"), .init("places", .right)])
        for finding in findings.prefix(limit) {
            let place = [finding.subject, finding.place?.description].compactMap { $0 }.joined(separator: ", ")
            table.append([
                finding.check.rawValue, place.isEmpty ? finding.file : place, finding.problem, String(finding.count),
            ])
        }
        return table
    }

    private static func table(_ tensors: [OriginVerification.Tensor], _ limit: Int) -> Table {
        var table = Table([
            .init("tensor"), .init("type"), .init("relative error", .right), .init("cosine", .right),
            .init("gain", .right), .init("agrees"),
        ])
        let sorted = tensors.sorted {
            ($0.agreement.relativeError, $1.tensor.name) > ($1.agreement.relativeError, $0.tensor.name)
        }
        for tensor in sorted.prefix(limit) {
            let agreement = tensor.agreement
            table.append([
                tensor.tensor.name, tensor.tensor.type.name, Figures.decimal(agreement.relativeError, 5),
                Figures.decimal(agreement.cosine, 6), Figures.decimal(agreement.gain, 4),
                tensor.findings.isEmpty ? "yes" : "no",
            ])
        }
        return table
    }
}

/// What `verify --json` prints.
struct VerificationSummary: Encodable {
    let manifest: Manifest
    let file: String
    let original: String?
    let files: [String]
    let tensorCount: Int
    let bytes: Int
    let sound: Bool
    /// Whether the weights are the original's; nil without one, or if the file is not sound.
    let agrees: Bool?
    let findings: [Entry]
    let notes: [String]
    let tensors: [Tensor]?

    struct Entry: Encodable {
        let check: Finding.Check
        let file: String
        let subject: String?
        let place: WeightPlace?
        let problem: String
        let count: Int
    }

    struct Tensor: Encodable {
        let name: String
        let type: String
        let originalType: String
        /// nil if the original weights are all 0, and these are not; as the two below it, if squares leave float32.
        let relativeError: Double?
        let cosine: Double?
        let gain: Double?
        let agrees: Bool
    }

    init(_ report: VerificationReport, path: String, original: String?, _ manifest: Manifest) {
        self.manifest = manifest
        file = path
        self.original = original
        files = report.soundness.files
        tensorCount = report.soundness.tensorCount
        bytes = report.soundness.byteCount
        sound = report.soundness.findings.isEmpty
        agrees = report.origin.map(\.findings.isEmpty)
        findings = report.findings.map {
            Entry(
                check: $0.check, file: $0.file, subject: $0.subject, place: $0.place, problem: $0.problem,
                count: $0.count)
        }
        notes = report.soundness.notes + (report.origin?.notes ?? [])
        tensors = report.origin?.tensors.map {
            Tensor(
                name: $0.tensor.name, type: $0.tensor.type.name, originalType: $0.originalType.name,
                relativeError: $0.agreement.relativeError.ifFinite, cosine: $0.agreement.cosine.ifFinite,
                gain: $0.agreement.gain.ifFinite, agrees: $0.findings.isEmpty)
        }
    }
}

extension Double {
    /// nil for infinities and NaNs, which JSON lacks.
    fileprivate var ifFinite: Double? { isFinite ? self : nil }
}
