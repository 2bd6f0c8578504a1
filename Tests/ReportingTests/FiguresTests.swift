import Reporting
import Testing

/// Numbers as reports show them.
@Suite struct FiguresTests {
    @Test(arguments: [
        (0.035594, "0.0356"), (0.0000312, "0.0000312"), (1.5, "1.50"), (12.34, "12.3"), (1234, "1234"), (0, "0.00"),
        (-0.00456, "-0.00456"), (.nan, "nan"), (.infinity, "inf"), (1e-300, "0.00000000000000000"),
    ])
    func significantDigits(value: Double, expected: String) {
        #expect(Figures.significant(value, 3) == expected)
    }
}
