import Files

/// An error of a file written by `torch.save` that is damaged, hostile, incomplete or of another kind.
public struct TorchArchiveError: DiagnosticError, Equatable {
    /// What is wrong, with what was found and what was expected.
    public enum Kind: Sendable, Equatable {
        // The zip archive.
        case legacyFormat
        case notAnArchive
        case endMissing
        case damagedDirectory(String)
        case directoryTooLarge(byteCount: Int, limit: Int)
        case encrypted
        case compressed(method: Int)
        case duplicateEntry
        case entryOutsideFile
        case overlap(with: String)
        case noPickle
        case severalPickles([String])
        case byteOrder(String)
        // The pickle.
        case nestedArchive
        case pickleTooLarge(byteCount: Int, limit: Int)
        case pickleTruncated
        case bytesAfterPickle(Int)
        case limitExceeded(String, limit: Int)
        /// The pickle asks for something other than tensors, such as `os.system`.
        case refusedGlobal(String)
        case refusedOpcode(String)
        case invalidPickle(String)
        // The tensors.
        case notAStateDictionary
        case notATensor
        case duplicateTensor
        case missingStorage(String)
        case wrongStorageByteCount(found: Int, expected: Int)
        case tensorOutsideStorage(elementCount: Int, storageElementCount: Int)
        case shapeTooLarge([Int])
        case overlappingElements(shape: [Int], strides: [Int])
    }

    /// The part of the file that an error is about.
    public enum Place: Sendable, Equatable {
        case file
        /// A file of the archive.
        case entry(String)
        /// An offset in the archive's pickle.
        case pickleByte(Int)
        case tensor(String)
    }

    /// What is wrong.
    public let kind: Kind
    /// The path of the file.
    public let path: String
    /// The part of the file that an error is about.
    public let place: Place

    init(_ kind: Kind, path: String, place: Place = .file) {
        self.kind = kind
        self.path = path
        self.place = place
    }
}
