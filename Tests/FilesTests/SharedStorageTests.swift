import Files
import Foundation
import TestSupport
import Testing

/// Storage for work in parts.
@Suite struct SharedStorageTests {
    @Test func aLocalFolderIsFitAndStaysEmpty() throws {
        try Fixtures.withTemporaryDirectory { folder in
            try SharedStorage.check(folder)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test func aFolderThatIsNotThereIsAnErrorOfIt() throws {
        try Fixtures.withTemporaryDirectory { folder in
            let error = try #require(throws: FileError.self) { try SharedStorage.check(folder + "/none") }
            #expect(error.path == folder + "/none")
        }
    }
}
