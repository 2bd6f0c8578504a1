/// A value that the restricted pickle reader knows. Containers are numbers into its tables: a pickle cannot make the
/// reader recurse or copy, however it nests and repeats them.
enum PickleValue {
    case none
    case bool(Bool)
    case integer(Int)
    /// A number, bytes or a list: accepted beside the tensors, and never looked at.
    case unused
    /// A text, as the range of its UTF-8 bytes in the pickle.
    case text(Range<Int>)
    case tuple(Int)
    case list
    case dictionary(Int)
    case global(PickleGlobal)
    case storage(Int)
    case tensor(Int)
}

/// What a pickle may ask for by name: the parts of a table of tensors.
enum PickleGlobal {
    case orderedDictionary
    case rebuildTensor
    case rebuildTypedTensor
    case rebuildParameter
    case size
    /// A storage class; nil for bytes whose element type the tensor gives.
    case storage(TorchType?)
    case type(TorchType)

    /// - Returns: nil for everything else; it is refused, not looked up.
    init?(module: String, name: String) {
        switch (module, name) {
        case ("collections", "OrderedDict"): self = .orderedDictionary
        case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensor
        case ("torch._utils", "_rebuild_tensor_v3"): self = .rebuildTypedTensor
        case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
        case ("torch", "Size"): self = .size
        case ("torch.storage", "UntypedStorage"), ("torch", "UntypedStorage"): self = .storage(nil)
        case ("torch", _):
            if let type = TorchType(rawValue: name) {
                self = .type(type)
            } else if let type = TorchType(storageClass: name) {
                self = .storage(type)
            } else {
                return nil
            }
        default: return nil
        }
    }
}

/// A tensor as its pickle describes it; nothing of it is checked against the archive yet.
struct PickledTensor {
    let storage: PickledStorage
    let type: TorchType
    /// Elements of the storage before the first of the tensor.
    let offset: Int
    let shape: [Int]
    let strides: [Int]
}

/// A storage as its pickle describes it.
struct PickledStorage {
    /// Names the archive's entry.
    let key: String
    /// The type of the elements; nil for plain bytes.
    let type: TorchType?
    let elementCount: Int
}
