import Reporting

/// The tables with a row for each model.
extension ReportTables {
    /// What each model is.
    package var models: FigureTable {
        var table = FigureTable(
            "Models",
            [
                .init("model"), .init("file"), .init("type"), .init("recipe"), .init("size", .right),
                .init("bits per weight", .right), .init("memory", .right), .init("for a card of", .right),
            ])
        for model in report.models {
            let (file, memory) = (model.file, model.file.memory)
            table.append(
                model.name,
                [
                    .init(file.files.count == 1 ? file.files[0].name : "\(file.files.count) files"), .init(file.type),
                    .init(file.recipe ?? ""), .init(Figures.bytes(model.fileBytes), Double(model.fileBytes)),
                    .init(Shown.bits(model.bitsPerWeight), model.bitsPerWeight),
                    .init(Figures.bytes(memory.bytes), Double(memory.bytes)),
                    .init(Shown.card(memory), memory.cardGiB.map(Double.init)),
                ])
        }
        return table
    }

    /// The digests of all files.
    package var files: FigureTable {
        var table = FigureTable(
            "Files", [.init("file"), .init("model"), .init("bytes", .right), .init("SHA-256")])
        for model in report.models {
            for file in model.file.files {
                table.append(
                    file.name, [.init(model.name), .init("\(file.bytes)", Double(file.bytes)), .init(file.sha256)])
            }
        }
        return table
    }

    /// The parts of all tokens whose divergence is told, by their names in JSON.
    private static let quantiles = [
        ("median", "0.5"), ("95 %", "0.95"), ("99 %", "0.99"), ("99.9 %", "0.999"), ("maximum", "1"),
    ]

    /// How divergences are distributed over the tokens of all texts.
    var distribution: FigureTable {
        var table = FigureTable(
            "KL divergence of all tokens",
            [.init("KL divergence of all tokens"), .init("mean", .right)]
                + Self.quantiles.map { .init($0.0, .right) } + [.init("RMS Δp", .right), .init("same top", .right)])
        for model in report.models.dropFirst() {
            if let reason = model.notCompared {
                table.append(model.name, table.columns.dropFirst().map { _ in .init(reason) })
            } else if let figures = model.divergence?.value {
                table.append(
                    model.name,
                    [.init(Shown.estimate(figures.mean, Shown.divergence), figures.mean.value)]
                        + Self.quantiles.map { _, part in
                            .init(figures.quantiles[part].map(Shown.divergence) ?? "", figures.quantiles[part])
                        } + [
                            .init(Shown.percents(figures.probabilityChangeRMS, 3), figures.probabilityChangeRMS.value),
                            .init(Shown.percents(figures.topAgreement, 2), figures.topAgreement.value),
                        ])
            }
        }
        return table
    }

    /// How models answer questions; nil without tasks.
    package var tasks: FigureTable? {
        guard let first = report.models.first?.tasks, !first.isEmpty else { return nil }
        func all(_ model: ModelReport.Model) -> [TaskFigures] {
            (model.tasks ?? []) + [model.allTasks].compactMap { $0 }
        }
        let tasks = report.models.map(all)
        var table = FigureTable("Tasks", columns("task"))
        let measures: [(String, (TaskFigures) -> Estimate)] = [
            ("acc", { $0.model.acc }), ("acc_norm", { $0.model.accNorm }), ("acc_bytes", { $0.model.accBytes }),
        ]
        for index in tasks[0].indices {
            let task = tasks[0][index]
            for (name, measure) in measures {
                table.append(
                    "\(task.name), \(name)",
                    tasks.map { figures in
                        let estimate = measure(figures[index])
                        var text = Shown.estimate(estimate, Shown.share)
                        if name == "acc", let difference = figures[index].agreement?.accDifference {
                            text += " (\(Shown.estimate(difference, Shown.difference)))"
                        }
                        return .init(text, estimate.value)
                    }, best: .greatest)
            }
            table.append(
                "\(task.name), same answer",
                tasks.map { figures in
                    let agreement = figures[index].agreement?.sameAnswer
                    return .init(Shown.percents(agreement, 1), agreement?.value)
                })
            table.append(
                "\(task.name), chance of \(task.questions) questions",
                tasks.map { .init(Shown.share($0[index].chance), $0[index].chance) })
        }
        return table
    }

    /// The relative errors of weights by role; nil if none were compared.
    package var weights: FigureTable? {
        let compared = report.models.filter { $0.weights != nil }
        guard let first = compared.first?.weights else { return nil }
        var table = FigureTable(
            "Weight errors", [.init("relative RMSE of weights")] + compared.map { .init($0.name, .right) })
        for role in first.roles {
            table.append(
                role.name ?? "",
                compared.map { model in
                    let error = model.weights?.roles.first { $0.name == role.name }?.relativeRMSE
                    return .init(error.map(Shown.weightError) ?? "", error)
                }, best: .least)
        }
        table.append(
            "everything",
            compared.map { model in
                let error = model.weights?.all.relativeRMSE
                return .init(error.map(Shown.weightError) ?? "", error)
            }, best: .least)
        return table
    }
}
