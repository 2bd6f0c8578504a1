import Foundation

extension ChatTemplate.Clock {
    /// The time in a format of C's `strftime`; nil if a part of the format is not known.
    func text(_ format: String) -> String? {
        var time = seconds.map { time_t($0) } ?? time_t(Date().timeIntervalSince1970)
        var parts = tm()
        if let offset {
            time += time_t(offset)
            gmtime_r(&time, &parts)
        } else {
            localtime_r(&time, &parts)
        }
        var text = ""
        var isField = false
        for character in format.unicodeScalars {
            guard isField else {
                if character == "%" { isField = true } else { text.unicodeScalars.append(character) }
                continue
            }
            isField = false
            guard "aAbBcdHIjmMpSUwWxXyYZz%eFTDRGVuhnt".unicodeScalars.contains(character) else { return nil }
            var buffer = [CChar](repeating: 0, count: 128)
            let length = strftime(&buffer, buffer.count, "%\(character)", &parts)
            text += String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        return isField ? nil : text
    }
}
