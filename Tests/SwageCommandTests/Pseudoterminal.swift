import Foundation
import Platform
import Testing

/// A terminal that nobody sits at.
final class Pseudoterminal: Sendable {
    /// The device that a program may be given as a stream.
    let path: String
    private let screen: Int32
    /// Keeps what has been written after the program has closed the device.
    private let device: Int32

    init(columns: Int = 80) throws {
        var (screen, device): (Int32, Int32) = (-1, -1)
        var size = winsize(ws_row: 24, ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        try #require(openpty(&screen, &device, nil, nil, &size) == 0)
        (self.screen, self.device) = (screen, device)
        path = String(cString: try #require(ttyname(device)))
        _ = fcntl(screen, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(device)
        close(screen)
    }

    /// What has been written since the last call, with line feeds as the program wrote them.
    func text() -> String {
        var text: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(screen, &bytes, bytes.count)
            guard count > 0 else { break }
            text += bytes[..<count]
        }
        return String(decoding: text, as: UTF8.self).replacing("\r\n", with: "\n")
    }
}
