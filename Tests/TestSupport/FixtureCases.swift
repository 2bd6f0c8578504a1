extension Fixtures {
    /// A fixture that should hold cases and holds none.
    public struct NoCases: Error, CustomStringConvertible {
        let path: String

        /// The error in words, with the path of the fixture.
        public var description: String { "no cases in \(path)" }
    }

    /// The cases that a file or folder under `Fixtures/` holds, for `@Test(arguments: try cases.get())`.
    ///
    /// Swift Testing passes a test without cases silently. A test with these arguments fails instead, with what went
    /// wrong, if `read` throws or gives nothing.
    ///
    /// - Parameter read: gets the path of the fixture.
    public static func cases<Case>(
        in relative: String, _ read: (_ path: String) throws -> [Case]
    ) -> Result<[Case], any Error> {
        Result {
            let path = path(relative)
            let cases = try read(path)
            guard !cases.isEmpty else { throw NoCases(path: path) }
            return cases
        }
    }
}
