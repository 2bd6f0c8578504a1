import Models

extension Model {
    /// What the user calls the model: the last part of the path that was given, without the folders before it.
    var userName: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// The model under a name for reports.
    func called(_ name: String) -> Model {
        var model = self
        model.name = name
        return model
    }
}

extension [Model] {
    /// The models under the user's names for them; those whose files are called the same under their whole paths.
    var calledAsGiven: [Model] {
        map { model in
            let isAlone = count { $0.userName == model.userName } == 1
            return model.called(isAlone ? model.userName : model.path)
        }
    }
}
