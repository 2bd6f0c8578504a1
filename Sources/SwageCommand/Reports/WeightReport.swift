import Evaluation
import Manifests
import Pipelines
import Reporting

/// Tables of weight errors.
struct WeightReport {
    private let tensors: [WeightComparison.Tensor]
    private let hasImportance: Bool

    init(_ tensors: [WeightComparison.Tensor], hasImportance: Bool) {
        self.tensors = tensors
        self.hasImportance = hasImportance
    }

    var warnings: [String] {
        tensors.filter { $0.greatestPadding != 0 }
            .map { "\($0.name): the rows that pad it hold up to \($0.greatestPadding), zero expected" }
    }

    /// The tensors, or their experts, with the greatest relative error first.
    func worst(limit: Int, byExpert: Bool) -> Table {
        let entries: [(name: String, type: String, error: WeightError)] =
            byExpert
            ? tensors.flatMap { tensor in
                tensor.experts.enumerated().map { number, error in
                    (tensor.experts.count > 1 ? "\(tensor.name) [\(number)]" : tensor.name, tensor.type.name, error)
                }
            }
            : tensors.map { ($0.name, $0.type.name, $0.total) }
        let sorted = entries.sorted {
            ($0.error.relativeRMSE, $1.name) > ($1.error.relativeRMSE, $0.name)
        }
        var table = self.table("tensor")
        for entry in sorted.prefix(limit) { table.append([entry.name, entry.type] + cells(entry.error)) }
        return table
    }

    /// All tensors of a role together, and of the whole model.
    var byRole: Table {
        var table = self.table("all of a role")
        var total = WeightError()
        var roles: [(name: String, types: [String], error: WeightError)] = []
        for tensor in tensors {
            let name = tensor.role?.stem ?? tensor.name
            let place = roles.firstIndex { $0.name == name } ?? roles.endIndex
            if place == roles.endIndex { roles.append((name, [], WeightError())) }
            roles[place].error.add(tensor.total)
            if !roles[place].types.contains(tensor.type.name) { roles[place].types.append(tensor.type.name) }
            total.add(tensor.total)
        }
        for role in roles { table.append([role.name, role.types.joined(separator: ", ")] + cells(role.error)) }
        table.append(["everything", ""] + cells(total))
        return table
    }

    /// The shares of errors in each octave below and above the original weights' root mean square, by role.
    var histogram: Table {
        let edges = Array(-10...1)
        var table = Table([.init("|error| ÷ RMS of the weights", .right), .init("share", .right), .init("")])
        var counts = [Int](repeating: 0, count: edges.count + 1)
        for tensor in tensors where tensor.total.originalRMS > 0 && tensor.type.isQuantized {
            let exponent = Int(tensor.total.originalRMS.exponent) + 127
            for (octave, count) in tensor.total.octaves.enumerated() {
                counts[min(max(octave - exponent - edges[0] + 1, 0), edges.count)] += count
            }
        }
        let whole = Double(max(1, counts.reduce(0, +)))
        for (index, count) in counts.enumerated() {
            let range = index == 0 ? "below 2^\(edges[0])" : "2^\(edges[index - 1]) …"
            let share = Double(count) / whole
            table.append([
                range, Figures.decimal(100 * share, 2) + " %",
                String(repeating: "█", count: Int((share * 60).rounded())),
            ])
        }
        return table
    }

    private func table(_ subject: String) -> Table {
        Table(
            [.init(subject), .init("type"), .init("relative RMSE", .right)]
                + (hasImportance ? [.init("by importance", .right)] : [])
                + [
                    .init("greatest", .right), .init("cosine", .right), .init("gain", .right), .init("SNR dB", .right),
                ])
    }

    private func cells(_ error: WeightError) -> [String] {
        [Figures.decimal(error.relativeRMSE, 5)]
            + (hasImportance ? [Figures.decimal(error.weightedRelativeRMSE, 5)] : [])
            + [
                Figures.decimal(error.greatestError, 5), Figures.decimal(error.cosine, 6),
                Figures.decimal(error.gain, 4), Figures.decimal(error.decibels, 2),
            ]
    }
}

/// What `compare --json` prints.
struct WeightErrorReport: Encodable {
    let manifest: Manifest
    let tensors: [Tensor]

    struct Tensor: Encodable {
        let name: String
        let role: String?
        let originalType: String
        let type: String
        /// Fastest dimension first.
        let shape: [Int]
        let bytes: Int
        /// The greatest magnitude in rows that pad the tensor.
        let padding: Float
        let error: Entry
        /// One for each expert of a stack.
        let experts: [Entry]?
    }

    struct Entry: Encodable {
        let elements: Int
        let relativeRMSE: Double
        let importanceWeightedRMSE: Double?
        let greatestError: Double
        let cosine: Double
        let gain: Double
        /// nil without any error.
        let signalToNoise: Double?
        /// Elements with an error in [2ᵏ, 2ᵏ⁺¹), by k.
        let errorOctaves: [String: Int]

        init(_ error: WeightError, hasImportance: Bool) {
            func finite(_ value: Double) -> Double { min(value, .greatestFiniteMagnitude) }
            elements = error.count
            relativeRMSE = finite(error.relativeRMSE)
            importanceWeightedRMSE = hasImportance ? finite(error.weightedRelativeRMSE) : nil
            greatestError = finite(error.greatestError)
            cosine = error.cosine
            gain = error.gain
            signalToNoise = error.decibels.isFinite ? error.decibels : nil
            errorOctaves = Dictionary(
                uniqueKeysWithValues: error.octaves.enumerated().filter { $1 > 0 }.map { ("\($0 - 127)", $1) })
        }
    }

    init(_ tensors: [WeightComparison.Tensor], hasImportance: Bool, _ manifest: Manifest) {
        self.manifest = manifest
        self.tensors = tensors.map { tensor in
            Tensor(
                name: tensor.name, role: tensor.role?.stem, originalType: tensor.originalType.name,
                type: tensor.type.name, shape: tensor.shape.dimensions, bytes: tensor.byteCount,
                padding: tensor.greatestPadding, error: Entry(tensor.total, hasImportance: hasImportance),
                experts: tensor.experts.count > 1
                    ? tensor.experts.map { Entry($0, hasImportance: hasImportance) } : nil)
        }
    }
}
