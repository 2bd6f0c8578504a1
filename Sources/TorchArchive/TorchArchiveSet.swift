import Shards

/// The weights of a checkpoint in files written by `torch.save`.
public typealias TorchArchiveSet = ShardSet<TorchFile>

extension TorchFile: ShardFile {
    /// `pytorch_model.bin`.
    public static let naming = ShardNaming(format: "PyTorch", stem: "pytorch_model", suffix: ".bin")
}

extension TorchFile.Tensor: ShardTensor {}
