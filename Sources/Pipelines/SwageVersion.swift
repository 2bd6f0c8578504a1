/// The version of this package.
public enum SwageVersion {
    public static let current = "0.1.0"
}
