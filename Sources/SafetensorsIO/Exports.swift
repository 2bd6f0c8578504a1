// Who imports this module alone sees every type that its interface shows.
@_exported import Files
@_exported import Shards
@_exported import Tensors
