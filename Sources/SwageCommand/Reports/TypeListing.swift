import Pipelines
import Recipes
import Reporting
import Tensors

/// The types that a model can be quantized to, in words and as JSON.
struct TypeListing: Encodable {
    let types: [Entry]

    struct Entry: Encodable {
        let name: String
        /// The type of most matrices.
        let baseType: String
        /// The bits of a weight in that type.
        let baseBits: Double
        /// Whether some matrices get another type.
        let isMix: Bool
        /// Whether matrices are refused without an importance matrix or texts.
        let needsImportance: Bool
        /// Of the model, if one was named.
        let fileBytes: Int?
        let bitsPerWeight: Double?

        init(_ recipe: Recipe, _ entry: SizeSurvey.Entry?) {
            let base = recipe.baseType
            name = recipe.name
            baseType = base.name
            baseBits = Double(8 * base.blockByteCount) / Double(base.blockLength)
            isMix = !recipe.rules.isEmpty
            needsImportance = entry?.needsImportance ?? recipe.importanceTypes.contains(base)
            fileBytes = entry?.fileByteCount
            bitsPerWeight = entry?.bitsPerWeight
        }
    }

    /// - Parameter survey: The sizes of a model; nil lists the types alone.
    init(_ survey: SizeSurvey?) {
        types =
            survey.map { $0.entries.map { Entry($0.recipe, $0) } }
            ?? (Recipe.named + Recipe.presets).map { Entry($0, nil) }.sorted {
                ($0.baseBits, $0.name) > ($1.baseBits, $1.name)
            }
    }

    var text: DisplayText {
        let hasModel = types.contains { $0.fileBytes != nil }
        var table = Table(
            [.init("type"), .init("most matrices"), .init("bits", .right)]
                + (hasModel ? [.init("of all", .right), .init("file", .right)] : []) + [.init("needs")])
        for type in types {
            table.append(
                [type.name, type.baseType + (type.isMix ? ", some finer" : ""), Figures.decimal(type.baseBits, 2)]
                    + (hasModel
                        ? [
                            type.bitsPerWeight.map { Figures.decimal($0, 2) } ?? "",
                            type.fileBytes.map(Figures.bytes) ?? "",
                        ] : []) + [type.needsImportance ? "--calibrate or --imatrix" : ""])
        }
        return table.terminal + "\n"
    }
}
