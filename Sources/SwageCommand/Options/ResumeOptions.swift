import ArgumentParser

/// Options of every command whose work is kept beside its output until that is there.
struct ResumeOptions: ParsableArguments {
    @Flag(
        name: .customLong("restart"),
        help: "Begins anew instead of going on with what an earlier run has kept.")
    var isRestarting = false
}
