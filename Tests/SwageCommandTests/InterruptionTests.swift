import Foundation
import GGUF
import Platform
import TestSupport
import Testing

/// Runs that end early leave no half file under the final name.
@Suite struct InterruptionTests {
    private static let partial = ".out.gguf.partial"
    private static let kept = "out.gguf.work"

    /// The bytes of the unfinished file, or nil.
    private static func partialByteCount(_ workspace: Workspace) -> Int? {
        for name in [partial, "\(kept)/data"] {
            var status = stat()
            if stat(workspace.file(name), &status) == 0 { return Int(status.st_size) }
        }
        return nil
    }

    private static func quantize(_ workspace: Workspace) async throws -> [String] {
        // One thread and the slowest type: there is time to be interrupted.
        [
            "quantize", try await Products.original.value, "-o", workspace.file("out.gguf"), "--type", "IQ2_XXS",
            "--imatrix", try await Products.importance.value, "--threads", "1",
        ]
    }

    /// - Parameter byteCount: how much of the unfinished file is there when the run is killed; nil kills it at once.
    @Test(arguments: [nil, 0, 1 << 20, 2 << 20, 3 << 20])
    func killedRunsLeaveNoFile(byteCount: Int?) async throws {
        let workspace = try Workspace()
        let arguments = try await Self.quantize(workspace)
        let run = try Swage.Run(arguments)
        if let byteCount {
            await run.send(SIGKILL) { (Self.partialByteCount(workspace) ?? -1) >= byteCount }
        } else {
            run.send(SIGKILL)
        }
        let status = try await run.outcome().status
        // On a busy machine a kill that waits for much of the file can come too late; the file is complete then.
        #expect(status == 128 + SIGKILL || status == 0 && (byteCount ?? 0) > 0)
        let survivor = try? Data(path: workspace.file("out.gguf"))

        let second = try await Swage.run(arguments)
        #expect(second.status == 0, "\(second.error)")
        #expect(workspace.contents == ["out.gguf"])
        let complete = try Data(path: workspace.file("out.gguf"))
        #expect(survivor == nil || survivor == complete)
        #expect(try GGUFFile(path: workspace.file("out.gguf")).tensors.count == 55)
    }

    /// The bytes that an empty pipe takes.
    private static func capacity(of pipe: Pipe) throws -> Int {
        let end = pipe.fileHandleForWriting.fileDescriptor
        let flags = fcntl(end, F_GETFL)
        _ = fcntl(end, F_SETFL, flags | O_NONBLOCK)
        var byteCount = 0
        while write(end, "x", 1) == 1 { byteCount += 1 }
        _ = fcntl(end, F_SETFL, flags)
        #expect(try pipe.fileHandleForReading.read(upToCount: byteCount)?.count == byteCount)
        return byteCount
    }

    /// A pipe that nobody reads keeps no run from ending, though a warning waits to be written.
    @Test(.timeLimit(.minutes(10)))
    func endsWhileItsMessagesAreNotRead() async throws {
        let workspace = try Workspace()
        let arguments = try await Self.quantize(workspace) + ["--tensor-type", "one=Q8_0", "--tensor-type", "two=Q8_0"]
        let pipe = Pipe()
        // There is room for the first warning, none for the second.
        let room = "warning: one matches no tensor\n".utf8.count
        let capacity = try Self.capacity(of: pipe)
        try pipe.fileHandleForWriting.write(contentsOf: Data(count: capacity - room))
        let process = Process()
        process.executableURL = try Swage.binary.get()
        process.arguments = arguments
        process.standardError = pipe
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        defer { kill(process.processIdentifier, SIGKILL) }
        var unread: Int32 = 0
        while process.isRunning, unread < capacity {
            try await Task.sleep(for: .milliseconds(20))
            #expect(ioctl(pipe.fileHandleForReading.fileDescriptor, UInt(FIONREAD), &unread) == 0)
        }
        #expect(process.isRunning, "it has something to say")
        process.terminate()
        while process.isRunning { try await Task.sleep(for: .milliseconds(20)) }
        #expect(process.terminationStatus == 128 + SIGTERM)
        #expect(workspace.contents.isEmpty)
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func interruptedRunsTidyUp(signal: Int32) async throws {
        let workspace = try Workspace()
        let run = try Swage.Run(try await Self.quantize(workspace))
        #expect(await run.send(signal) { Self.partialByteCount(workspace) != nil })
        let outcome = try await run.outcome()
        #expect(outcome.status == 128 + signal)
        // What is done stays, if that is a tensor at least, and is named.
        #expect([[], [Self.kept]].contains(workspace.contents))
        #expect(outcome.error.contains("swage clean") == (workspace.contents == [Self.kept]))
        #expect(try await Swage.run("clean", workspace.file("out.gguf")).status == 0)
        #expect(workspace.contents.isEmpty)
    }

    @Test func anInterruptedEarlierFileStays() async throws {
        let workspace = try Workspace()
        let earlier = try workspace.write("out.gguf", Array("earlier".utf8))
        let run = try Swage.Run(try await Self.quantize(workspace) + ["--overwrite"])
        #expect(await run.send(SIGINT) { Self.partialByteCount(workspace) != nil })
        #expect(try await run.outcome().status == 130)
        #expect([["out.gguf"], ["out.gguf", Self.kept]].contains(workspace.contents))
        #expect(try Data(path: earlier) == Data("earlier".utf8))
    }

    @Test func twoRunsCannotWriteOneFile() async throws {
        let workspace = try Workspace()
        let arguments = try await Self.quantize(workspace)
        let first = try Swage.Run(arguments)
        // It stands still until the second has run, however late that is; what has bytes has been locked before.
        #expect(await first.send(SIGSTOP) { (Self.partialByteCount(workspace) ?? 0) > 0 })
        let second = try await Swage.run(arguments)
        first.send(SIGCONT)
        #expect(second.status == 2)
        #expect(
            second.error.contains(workspace.file("out.gguf")) && second.error.contains("another process is writing"))
        #expect(try await first.outcome().status == 0)
        #expect(workspace.contents == ["out.gguf"])
        #expect(try GGUFFile(path: workspace.file("out.gguf")).tensors.count == 55)
    }
}
