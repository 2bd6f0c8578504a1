import Calibration

extension Quantization {
    /// What is known of the inputs of a model's matrices, and what is made of it.
    public enum Guidance: Sendable {
        /// Nothing is known: all columns of a matrix count alike.
        case none
        /// An importance matrix, a file: errors count by the mean squares of the columns' inputs.
        case importance(String)
        /// Second moments of the inputs, a file, that matrices are fitted to with error feedback; what it says nothing of is
        /// guided by an importance matrix, if there is one.
        case hessian(HessianFitting, importance: String? = nil)
        /// Texts that matrices are fitted to with error feedback while they run through the model; what has no inputs is
        /// guided by an importance matrix, if there is one.
        case texts(TextFitting, importance: String? = nil)

        /// The importance matrix, a file; nil for none.
        public var importancePath: String? {
            switch self {
            case .none: nil
            case .importance(let path): path
            case .hessian(_, let path), .texts(_, let path): path
            }
        }

        /// The second moments that matrices are fitted to; nil for none.
        public var hessian: HessianFitting? {
            guard case .hessian(let fitting, _) = self else { return nil }
            return fitting
        }

        /// The texts that matrices are fitted to; nil for none.
        public var texts: TextFitting? {
            guard case .texts(let fitting, _) = self else { return nil }
            return fitting
        }

        /// Whether types that only make sense with guidance can be had.
        var isAny: Bool {
            if case .none = self { false } else { true }
        }

        /// Files that are read for it.
        var paths: [String] {
            [importancePath, hessian?.path].compactMap { $0 } + (texts?.texts.paths ?? [])
        }
    }
}
