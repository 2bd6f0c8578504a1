/// Element type numbers that no tensor of a valid file has, and why.
///
/// Source: the comments in ggml's `enum ggml_type`; numbers of forks as they have been seen in published files.
enum GGUFTensorTypeTables {
    /// Types that ggml once had.
    static let removed: [UInt32: String] = [
        4: "Q4_2", 5: "Q4_3", 31: "Q4_0_4_4", 32: "Q4_0_4_8", 33: "Q4_0_8_8", 36: "IQ4_NL_4_4", 37: "IQ4_NL_4_8",
        38: "IQ4_NL_8_8",
    ]

    /// Types of ggml's intermediate results, never stored.
    static let `internal`: [UInt32: String] = [9: "Q8_1", 15: "Q8_K"]

    /// The first number that ggml itself has not given out.
    static let firstForeign: UInt32 = 43

    /// The numbers of the ik_llama.cpp fork; 142 and 143 are other forks'.
    static func isIkLlama(_ number: UInt32) -> Bool {
        (133...158).contains(number) && number != 142 && number != 143
    }

    /// What takes the place of a removed type.
    static func successor(ofRemoved number: UInt32) -> String {
        switch number {
        case 31...33: "Q4_0"
        case 36...38: "IQ4_NL"
        default: "Q4_1 or Q4_K"
        }
    }
}
