import Pages
import Reporting
import Runtime

/// Tables of how models answer questions.
enum TaskTables {
    /// Accuracies, and beside a reference how the answers differ.
    static func tables(of report: TaskReport) -> [Table] {
        let tasks = report.tasks + [report.all].compactMap { $0 }
        let accuracies = accuracies(tasks, report)
        return report.reference == nil ? [accuracies] : [accuracies, agreements(tasks)]
    }

    private static func accuracies(_ tasks: [TaskFigures], _ report: TaskReport) -> Table {
        let isReference = report.precision == Precision.reference.rawValue
        var table = Table(
            [.init(isReference ? "task" : "task, \(report.precision) precision"), .init("form")]
                + (report.reference == nil ? [] : [.init("model")])
                + ["questions", "acc", "acc_norm", "acc_bytes", "chance"].map { .init($0, .right) })
        for task in tasks {
            for (name, accuracy) in [(report.model, task.model), (report.reference ?? "", task.reference)] {
                guard let accuracy else { continue }
                table.append(
                    [task.name, task.form ?? ""] + (report.reference == nil ? [] : [name])
                        + [
                            "\(task.questions)", estimate(accuracy.acc), estimate(accuracy.accNorm),
                            estimate(accuracy.accBytes), Figures.decimal(task.chance, 4),
                        ])
            }
        }
        return table
    }

    private static func agreements(_ tasks: [TaskFigures]) -> Table {
        var table = Table(
            [.init("against the reference")]
                + [
                    "same answer", "acc difference", "both right", "only the model", "only the reference", "both wrong",
                ].map { .init($0, .right) })
        for task in tasks {
            guard let agreement = task.agreement else { continue }
            table.append([
                task.name, estimate(agreement.sameAnswer), estimate(agreement.accDifference),
                "\(agreement.bothRight)", "\(agreement.onlyModelRight)", "\(agreement.onlyReferenceRight)",
                "\(agreement.bothWrong)",
            ])
        }
        return table
    }

    private static func estimate(_ value: Estimate) -> String {
        guard let mean = value.value, let error = value.standardError else { return "" }
        return "\(Figures.decimal(mean, 4)) ± \(Figures.decimal(error, 4))"
    }
}
