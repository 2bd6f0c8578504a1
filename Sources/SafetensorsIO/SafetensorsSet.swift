import Shards

/// The weights of a checkpoint in safetensors files.
public typealias SafetensorsSet = ShardSet<SafetensorsFile>

extension SafetensorsFile: ShardFile {
    /// The names of safetensors files in checkpoints: `model.safetensors`, and shards that end in `.safetensors`.
    public static let naming = ShardNaming(format: "safetensors", stem: "model", suffix: ".safetensors")
}

extension SafetensorsFile.Tensor: ShardTensor {}
