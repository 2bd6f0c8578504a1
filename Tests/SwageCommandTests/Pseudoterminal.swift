import Foundation
import Platform
import Synchronization
import Testing

/// A terminal that nobody sits at. What is written to it is read at once: else a program would wait for a reader.
final class Pseudoterminal: Sendable {
    /// What has been read of the terminal's screen.
    private final class Screen: Sendable {
        let descriptor: Int32
        private let bytes = Mutex<[UInt8]>([])
        private let isClosed = Mutex(false)

        init(_ descriptor: Int32) { self.descriptor = descriptor }

        func drain() {
            bytes.withLock { bytes in
                var part = [UInt8](repeating: 0, count: 4096)
                while true {
                    let count = read(descriptor, &part, part.count)
                    guard count > 0 else { return }
                    bytes += part[..<count]
                }
            }
        }

        func take() -> [UInt8] {
            drain()
            return bytes.withLock { bytes in
                defer { bytes = [] }
                return bytes
            }
        }

        func watch() {
            while !isClosed.withLock({ $0 }) {
                drain()
                usleep(20_000)
            }
            close(descriptor)
        }

        func stop() { isClosed.withLock { $0 = true } }
    }

    /// The device that a program may be given as a stream.
    let path: String
    private let screen: Screen
    /// Keeps what has been written after the program has closed the device.
    private let device: Int32

    init(columns: Int = 80) throws {
        var (screen, device): (Int32, Int32) = (-1, -1)
        var size = winsize(ws_row: 24, ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        try #require(openpty(&screen, &device, nil, nil, &size) == 0)
        (self.screen, self.device) = (Screen(screen), device)
        path = String(cString: try #require(ttyname(device)))
        _ = fcntl(screen, F_SETFL, O_NONBLOCK)
        Thread.detachNewThread { [screen = self.screen] in screen.watch() }
    }

    deinit {
        close(device)
        screen.stop()
    }

    /// Types on it.
    func type(_ keys: String) {
        let bytes = Array(keys.utf8)
        _ = write(screen.descriptor, bytes, bytes.count)
    }

    /// Whether it shows what is typed, and gives it away in whole lines.
    var isAsUsual: Bool {
        var mode = termios()
        let flags = tcflag_t(ECHO | ICANON)
        return tcgetattr(device, &mode) == 0 && mode.c_lflag & flags == flags
    }

    /// Reads until some text has been written, in a thread of its own.
    ///
    /// - Returns: all that has been read, or nil if the run has ended before.
    func text(until end: String, of run: Swage.Run) async -> String? {
        let read = Mutex("")
        let isThere = await run.wait {
            read.withLock {
                $0 += self.text()
                return $0.contains(end)
            }
        }
        return isThere ? read.withLock { $0 } : nil
    }

    /// What has been written since the last call, with line feeds as the program wrote them.
    func text() -> String { String(decoding: screen.take(), as: UTF8.self).replacing("\r\n", with: "\n") }
}
