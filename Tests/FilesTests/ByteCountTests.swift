import Files
import TestSupport
import Testing

/// Numbers of bytes in messages.
@Suite struct ByteCountTests {
    /// By arithmetic: 2⁴⁰ = 1 TiB, 2³⁰ = 1 GiB, 2²⁰ = 1 MiB, 2¹⁰ = 1 KiB.
    @Test(arguments: [
        (0, "0 bytes", "0 bytes"), (1, "1 byte", "1 byte"), (1023, "1023 bytes", "1023 bytes"),
        (1024, "1.00 KiB", "1.00 KiB"), (1536, "1.50 KiB", "1.50 KiB"), (1 << 20, "1.00 MiB", "1.00 MiB"),
        ((1 << 20) + 1, "1.01 MiB", "1.00 MiB"), ((1 << 20) - 1, "1024.00 KiB", "1023.99 KiB"),
        (24 << 30, "24.00 GiB", "24.00 GiB"), ((24 << 30) - 1, "24.00 GiB", "23.99 GiB"),
        ((24 << 30) + 1, "24.01 GiB", "24.00 GiB"), (8_000_000_000, "7.46 GiB", "7.45 GiB"),
        (3 << 40, "3.00 TiB", "3.00 TiB"), (.max, "8388608.00 TiB", "8388607.99 TiB"),
    ])
    func isShownInTheUnitPeopleThinkIn(count: Int, needed: String, available: String) throws {
        try Conformance.row("quantizing/sizes-in-gib")
        #expect(ByteCount.text(count, rounding: .up) == needed)
        #expect(ByteCount.text(count, rounding: .down) == available)
    }
}
