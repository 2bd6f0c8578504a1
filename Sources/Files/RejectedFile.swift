import Platform

/// Finished files that turned out to be wrong.
public enum RejectedFile {
    /// Gives a file a name that says that it is not to be used, `NAME.rejected`; an earlier file of that name is replaced.
    ///
    /// - Parameter path: the path of the file; of a symbolic link that of the file that it leads to.
    /// - Returns: the new path.
    /// - Throws: ``FileError`` if the system refuses the name.
    public static func mark(_ path: String) throws -> String {
        let location = try OutputLocation(path)
        let rejected = location.path + ".rejected"
        guard rename(location.path, rejected) == 0 else {
            throw FileError.lastSystemError("write", path: rejected)
        }
        return rejected
    }
}
