import ArgumentParser
import Pages

/// Options of what a model card says beside what is measured.
struct CardOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The repository of the original. Default: what the files say.", valueName: "owner/name"))
    var baseModel: String?

    @Option(help: ArgumentHelp("The repository that the card is for.", valueName: "owner/name"))
    var repository: String?

    @Option(
        help: ArgumentHelp(
            "The license of the weights where the files name only that of the code.", valueName: "name=link"))
    var weightsLicense: NamedTexts?

    @Option(help: "Who has quantized the model. Default: what the files say.")
    var quantizedBy: String?

    /// Whether any is given.
    var isAny: Bool { baseModel != nil || repository != nil || weightsLicense != nil || quantizedBy != nil }

    var details: CardDetails {
        CardDetails(
            baseModel: baseModel, repository: repository,
            weightsLicense: weightsLicense.map { .init(name: $0.name, link: $0.texts) }, quantizedBy: quantizedBy)
    }
}
