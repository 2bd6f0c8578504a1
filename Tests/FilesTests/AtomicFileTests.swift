import Files
import Foundation
import Parallelism
import Synchronization
import TestSupport
import Testing

@Suite struct AtomicFileTests {
    @Test func moreThanTheDiskHolds() throws {
        try Fixtures.withTemporaryDirectory { folder in
            let error = try #require(throws: FileError.self) {
                _ = try AtomicFile(path: folder + "/out", expectedByteCount: .max)
            }
            guard case .noRoom(neededByteCount: .max, let free) = error.kind else {
                Issue.record("\(error)")
                return
            }
            #expect(free > 0)
            #expect(error.diagnostic.fault == .room)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    /// Whoever opens the temporary file just before another writer renames it must not damage the finished file.
    @Test func writersOfOneNameNeverShowAnUnfinishedFile() throws {
        try Fixtures.withTemporaryDirectory { folder in
            let path = folder + "/out"
            let length = 64
            let finished = Atomic<Int>(0)
            try Parallel(threadCount: 4).forEach(4) { worker, _ in
                for _ in 0..<2000 {
                    do {
                        var file = try AtomicFile(path: path)
                        try file.append([UInt8](repeating: UInt8(worker), count: length))
                        try file.commit()
                        finished.wrappingAdd(1, ordering: .relaxed)
                    } catch let error as FileError where error.kind == .beingWritten {}
                    if let bytes = try? ReadableFile.contents(of: path) {
                        #expect(bytes.count == length && Set(bytes).count == 1)
                    }
                }
            }
            #expect(finished.load(ordering: .relaxed) > 0)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["out"])
        }
    }
}
