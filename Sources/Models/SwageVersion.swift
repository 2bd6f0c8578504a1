/// The version of this package.
public enum SwageVersion {
    /// As semantic versions are written.
    public static let current = "0.1.0"
}
