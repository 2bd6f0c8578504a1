import Foundation
import Platform

/// Editing of the line that is typed, with the keys of libedit, and a history that arrows go through.
///
/// The library is loaded when a conversation begins, so that the program runs where there is none. It reads the terminal a byte
/// at a time: what is typed ahead stays there for the next line.
struct LineEditor {
    private typealias Reading = @convention(c) (UnsafePointer<CChar>?) -> UnsafeMutablePointer<CChar>?
    private typealias Remembering = @convention(c) (UnsafePointer<CChar>?) -> CInt
    private typealias Resizing = @convention(c) () -> Void

    private let read: Reading
    private let remember: Remembering
    private let resize: Resizing

    /// What systems call the library.
    private static let libraries = ["libedit.so.2", "libedit.so.0", "libedit.3.dylib"]

    /// An editor on standard input and standard error; nil if they are no terminal that can move its cursor, if the user's
    /// characters cannot be told from bytes, or if the system has no libedit.
    init?() {
        let terminal = ProcessInfo.processInfo.environment["TERM"] ?? ""
        guard StandardInput.isTerminal, StandardStream.error.isTerminal, !["", "dumb"].contains(terminal),
            Self.readsUTF8(), let library = Self.libraries.lazy.compactMap({ dlopen($0, RTLD_NOW) }).first,
            let read = dlsym(library, "readline"), let remember = dlsym(library, "add_history"),
            let resize = dlsym(library, "rl_resize_terminal"), let begin = dlsym(library, "rl_initialize"),
            let input = fdopen(STDIN_FILENO, "r"), let output = fdopen(dup(STDERR_FILENO), "w")
        else { return nil }
        // What the library has for these is standard output, which is for results, and handlers of its own.
        Self.set("rl_instream", of: library, to: input)
        Self.set("rl_outstream", of: library, to: output)
        Self.set("rl_catch_signals", of: library, to: CInt(0))
        // A tab is a tab, and completes no names of files.
        Self.set("rl_inhibit_completion", of: library, to: CInt(1))
        self.read = unsafeBitCast(read, to: Reading.self)
        self.remember = unsafeBitCast(remember, to: Remembering.self)
        self.resize = unsafeBitCast(resize, to: Resizing.self)
        guard unsafeBitCast(begin, to: (@convention(c) () -> CInt).self)() == 0 else { return nil }
    }

    /// The next line without its end, which is remembered if it says something; nil at the end of the input.
    func line(prompt: String) -> [UInt8]? {
        resize()
        guard let text = read(prompt) else { return nil }
        defer { free(text) }
        let bytes = Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
        if bytes.contains(where: { $0 > UInt8(ascii: " ") }) { _ = remember(text) }
        return bytes
    }

    /// Whether the C library reads characters as UTF-8, as the user's language or else a neutral one has it.
    private static func readsUTF8() -> Bool {
        ["", "C.UTF-8"].contains { (name: String) in
            setlocale(LC_CTYPE, name) != nil && nl_langinfo(nl_item(CODESET)).map { String(cString: $0) } == "UTF-8"
        }
    }

    private static func set<Value>(_ name: String, of library: UnsafeMutableRawPointer, to value: Value) {
        dlsym(library, name)?.assumingMemoryBound(to: Value.self).pointee = value
    }
}
