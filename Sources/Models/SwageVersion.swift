/// The version of this package.
public enum SwageVersion {
    /// The current version, as semantic versions are written.
    public static let current = "0.1.0"
}
