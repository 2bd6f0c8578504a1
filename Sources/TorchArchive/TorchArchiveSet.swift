import Shards

/// The weights of a checkpoint in files written by `torch.save`.
public typealias TorchArchiveSet = ShardSet<TorchFile>

extension TorchFile: ShardFile {
    /// The names of PyTorch's files in checkpoints: `pytorch_model.bin`, and shards that end in `.bin`.
    public static let naming = ShardNaming(format: "PyTorch", stem: "pytorch_model", suffix: ".bin")
}

extension TorchFile.Tensor: ShardTensor {}
