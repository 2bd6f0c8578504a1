/// The colors of models in charts, in a light and a dark form of each, which people who confuse colors tell apart too.
///
/// After the palette of Okabe and Ito (2008), darker on white and lighter on black so that each has a contrast of 3 to 1 or
/// more with the page.
enum SeriesColors {
    private static let light = ["#4a4f57", "#0067a5", "#c24a00", "#00785a", "#a23d7d", "#7a5c00", "#2a7fb8", "#8a2b2b"]
    private static let dark = ["#c3c8d0", "#5fb4f0", "#ff9a4d", "#3fcfa4", "#ec8cc6", "#e3c14a", "#9ad0f5", "#f08a8a"]

    static var count: Int { light.count }

    /// Rules of CSS for charts, in a light page and after that in a dark one.
    static var style: String {
        """
        .chart{font:11px system-ui,sans-serif;width:100%;height:auto;display:block}
        .chart text{fill:#4a4f57}.chart .name{font-weight:600;fill:#16181c;paint-order:stroke;stroke:#fff;stroke-width:3px}
        .chart .grid{stroke:#d9dce1;stroke-width:1}
        .chart .front{fill:none;stroke:#767c86;stroke-width:1.5;stroke-dasharray:5 4}
        .chart .heat{fill:#a33000}.chart .error{stroke-width:2}.chart .mark{stroke:#fff;stroke-width:1}
        \(rules(light))
        @media(prefers-color-scheme:dark){
        .chart text{fill:#aab0ba}.chart .name{fill:#eceef1;stroke:#15171b}.chart .grid{stroke:#343941}
        .chart .front{stroke:#8b929d}.chart .heat{fill:#ff9a4d}.chart .mark{stroke:#15171b}
        \(rules(dark))
        }
        """
    }

    private static func rules(_ colors: [String]) -> String {
        colors.enumerated().map { index, color in ".s\(index) .mark{fill:\(color)}.s\(index) .error{stroke:\(color)}" }
            .joined()
    }
}
