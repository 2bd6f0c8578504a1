import Foundation

/// Runs what may nest deeply with a stack that has room for it, whatever thread asks.
enum RoomyThread {
    /// The depths of ``Limits`` need less than a quarter of it.
    private static let stackSize = 16 << 20

    static func run<Value>(
        _ body: @escaping () throws(ChatTemplateError) -> Value
    ) throws(ChatTemplateError) -> Value {
        // Only one thread at a time touches these: this one waits for the other.
        nonisolated(unsafe) var result: Result<Value, ChatTemplateError>?
        nonisolated(unsafe) let work = body
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            do throws(ChatTemplateError) {
                result = .success(try work())
            } catch {
                result = .failure(error)
            }
            done.signal()
        }
        thread.stackSize = stackSize
        thread.start()
        done.wait()
        return try result!.get()
    }
}
