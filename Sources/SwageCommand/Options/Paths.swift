import ArgumentParser

/// A file or folder that a command reads.
///
/// Whatever a command reads is declared as one, so that no command can write over its own inputs: ``CommandFiles`` finds
/// them in any command.
struct InputPath: ExpressibleByArgument {
    let path: String

    init(argument: String) { path = argument }

    static var defaultCompletionKind: CompletionKind { .file() }
}

/// A file that a command writes, or what the names of its files begin with.
///
/// Whatever a command writes is declared as one; see ``InputPath``.
struct OutputPath: ExpressibleByArgument {
    let path: String

    init(argument: String) { path = argument }

    static var defaultCompletionKind: CompletionKind { .file() }
}

/// A file that a command begins, goes on with, or finds complete, and never replaces.
struct GrowingPath: ExpressibleByArgument {
    let path: String

    init(argument: String) { path = argument }

    static var defaultCompletionKind: CompletionKind { .file() }
}

/// `NAME=PATH` of a file or folder that a command reads.
struct NamedInput: ExpressibleByArgument {
    let name: String
    let input: InputPath

    var path: String { input.path }

    init?(argument: String) {
        guard let named = NamedTexts(argument: argument) else { return nil }
        (name, input) = (named.name, InputPath(argument: named.texts))
    }
}

/// `NAME=TEXT,TEXT`, whose texts are names.
struct NamedTexts: ExpressibleByArgument {
    let name: String
    let texts: String

    init?(argument: String) {
        guard let divider = argument.firstIndex(of: "="), divider > argument.startIndex else { return nil }
        name = String(argument[..<divider])
        texts = String(argument[argument.index(after: divider)...])
        guard !texts.isEmpty else { return nil }
    }
}
