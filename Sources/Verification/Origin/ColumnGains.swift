/// The gains of a matrix's columns, and those of them that do not belong to the rest.
///
/// The gain of a column is the slope of its weights over the original ones. Quantization noise moves it by about the noise
/// over the column's size and the root of the number of rows; importances and error feedback move it further, and more in
/// some matrices than in others. A column is told from that by its distance from the median, in units of both kinds of
/// spread together: the columns' own median absolute deviation, and the standard error of the slope at the noise that columns
/// of the matrix have. And what is left of it beside the slope is no more than noise, which is not so in columns that
/// importances have given up.
struct ColumnGains {
    /// The median over all columns.
    let median: Double
    /// The columns that were scaled, in their order.
    let outliers: [Int]

    /// The least distance from the median.
    private static let leastDistance = 0.25
    /// The least distance in standard deviations, without and with calibration, which moves single columns.
    private static let leastDeviations = (plain: 13.0, calibrated: 20.0)
    /// The most of what is left, as a multiple of the median over columns.
    private static let greatestRest = 2.5

    init(_ columns: [Agreement], isCalibrated: Bool) {
        let gains = columns.map(\.gain)
        let median = Self.median(gains)
        let spread = 1.4826 * Self.median(gains.map { ($0 - median).magnitude })
        let rests = columns.map(\.rest)
        let noise = Self.median(rests)
        let deviations = isCalibrated ? Self.leastDeviations.calibrated : Self.leastDeviations.plain
        self.median = median
        outliers = columns.indices.filter { index in
            let column = columns[index]
            let distance = (gains[index] - median).magnitude
            guard distance > Self.leastDistance, column.squares > 0, rests[index] <= Self.greatestRest * noise else {
                return false
            }
            let error = noise / column.squares / Double(column.count)
            return distance > deviations * (spread * spread + error).squareRoot()
        }
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}

extension Agreement {
    /// Σ (q − gain · x)².
    fileprivate var rest: Double {
        squares > 0 ? max(0, errors - products * products / squares) : errors
    }
}
