import Calibration
import Files
import Journals

/// Removes what runs that ended early have left beside an output.
public enum Cleaning {
    /// What is there: files that would have become the output, and the folders of what was done.
    ///
    /// - Parameter output: The path of the output; of parts their name without the number.
    /// - Throws: `FileError` if no file can be written there.
    public static func leftovers(of output: String) throws -> [Leftover] {
        try Leftover.files(of: output) + folders(of: output).compactMap(Leftover.init(path:))
    }

    /// Removes all of it; files in the folders that no run has made stay.
    ///
    /// - Parameter output: The path of the output; of parts their name without the number.
    /// - Returns: what was removed.
    /// - Throws: `FileError` if a process is at work on it, or something bears a name that is not what runs make.
    public static func run(_ output: String) throws -> [Leftover] {
        let found = try leftovers(of: output)
        _ = try Journal.clean(output)
        _ = try CalibrationSpool.clean(output)
        let folders = folders(of: output)
        for file in found where !folders.contains(file.path) { try file.removeFile() }
        return found
    }

    private static func folders(of output: String) -> [String] {
        Journal.folders(of: output) + [CalibrationSpool.folder(of: output)]
    }
}
