import ArgumentParser
import Pages

/// Options of what is written for a repository of models.
struct CardOptions: ParsableArguments {
    @Flag(help: "Write README.md, a model card for HuggingFace, and a Modelfile for ollama too; needs a folder.")
    var card = false

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

    func validate() throws {
        let isAny = baseModel != nil || repository != nil || weightsLicense != nil || quantizedBy != nil
        guard card || !isAny else {
            throw ValidationError(
                "--base-model, --repository, --weights-license and --quantized-by belong to --card")
        }
    }

    var details: CardDetails {
        CardDetails(
            baseModel: baseModel, repository: repository,
            weightsLicense: weightsLicense.map { .init(name: $0.name, link: $0.texts) }, quantizedBy: quantizedBy)
    }
}
