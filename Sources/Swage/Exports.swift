// The use cases and what they work on, under one name.
@_exported import BlockFormats
@_exported import Checkpoints
@_exported import ErrorFeedback
@_exported import Evaluation
@_exported import Files
@_exported import GGUFContainer
@_exported import Hessians
@_exported import Importance
@_exported import ModelArchitecture
@_exported import Models
@_exported import Parallelism
@_exported import Pipelines
@_exported import Recipes
@_exported import Runtime
@_exported import Tensors
@_exported import Tokenization
@_exported import Verification
