import Manifests

extension InputRecord {
    /// Digests a file.
    ///
    /// - Throws: `FileError` if it cannot be read.
    package init(_ kind: String, file path: String) throws {
        self.init(kind, digest: try WeightDigest.sha256(ofFile: path), name: Provenance.lastComponent(path))
    }

    /// Digests what is read of a model before its weights are.
    package init(header model: Model) {
        self.init("header", digest: Fingerprint.ofHeader(model), name: model.name)
    }

    /// Digests a model by samples of its weights.
    ///
    /// - Throws: Errors of reading its files.
    package init(_ kind: String, _ model: Model) throws {
        self.init(kind, digest: try Fingerprint.of(model), name: model.name)
    }
}

extension Manifest {
    /// The manifest of an output that this version of Swage makes.
    ///
    /// - Parameters:
    ///   - inputs: The inputs, in the order in which they were named.
    ///   - options: The options that decide the output, by their names.
    package init(_ inputs: [InputRecord], options: [String: String] = [:]) {
        self.init(version: SwageVersion.current, inputs: inputs, options: options)
    }
}
