import Files
import Platform

/// Where a plan is, and what of its job may lie where.
package struct PlanLocation: Sendable {
    /// The path of the plan, from the root on.
    package let path: String
    /// The path of its folder, without links.
    package let folder: String

    /// - Parameter path: The path of a plan, which need not be there.
    /// - Throws: `FileError` if its folder is not there.
    package init(_ path: String) throws {
        let slash = path.lastIndex(of: "/")
        let around = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        guard let folder = Self.resolved(around) else {
            throw FileError(.system(operation: "open", errno: errno), path: path)
        }
        self.folder = folder
        self.path = folder == "/" ? "/\(name)" : "\(folder)/\(name)"
    }

    /// The folder of the plan's parts.
    package var partsFolder: String { (path.hasSuffix(".json") ? String(path.dropLast(5)) : path) + ".parts" }

    /// The path of a folder as seen from the plan's.
    ///
    /// - Parameter directory: The folder, which is there.
    package func relative(_ directory: String) -> String {
        func components(_ path: String) -> [Substring] { path.split(separator: "/") }
        let (from, to) = (components(folder), components(Self.resolved(directory) ?? directory))
        let common = zip(from, to).prefix { $0 == $1 }.count
        let steps = [Substring](repeating: "..", count: from.count - common) + to.dropFirst(common)
        return steps.isEmpty ? "." : steps.joined(separator: "/")
    }

    /// Lets relative paths begin where those of a plan's job do, for the rest of the process's life.
    ///
    /// - Throws: ``PlanError`` if there is no such folder.
    package func enter(_ plan: PartPlan) throws {
        guard chdir("\(folder)/\(plan.directory)") == 0 else { throw PlanError(.noDirectory, path: path) }
    }

    /// Fails for an output that would be written elsewhere than below the plan's folder, whatever links lead there, or in the
    /// place of the plan or its parts.
    ///
    /// - Parameter output: Its path, of a file that need not be there.
    /// - Throws: ``PlanError``.
    package func check(output: String) throws(PlanError) {
        let root = folder == "/" ? "/" : folder + "/"
        guard let place = Self.destination(of: output), place.hasPrefix(root), place != path,
            place != partsFolder, !place.hasPrefix(partsFolder + "/")
        else { throw PlanError(.outputOutside(folder: folder), path: output) }
    }

    /// Where a file comes to lie, once links are followed; nil if that cannot be said.
    private static func destination(of path: String) -> String? {
        if let resolved = resolved(path) { return resolved }
        var status = stat()
        guard lstat(path, &status) != 0 else { return nil }
        let slash = path.lastIndex(of: "/")
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        guard !name.isEmpty, name != ".", name != ".." else { return nil }
        let around = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        return destination(of: around).map { $0 == "/" ? "/\(name)" : "\($0)/\(name)" }
    }

    private static func resolved(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
