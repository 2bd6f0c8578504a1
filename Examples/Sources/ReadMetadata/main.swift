import GGUF

// What a GGUF file says of itself: ReadMetadata FILE

guard CommandLine.arguments.count == 2 else { fatalError("usage: ReadMetadata FILE") }

let file = try GGUFFile(path: CommandLine.arguments[1])
for entry in file.metadata.entries {
    print("\(entry.key): \(entry.value.typeName)")
}
for tensor in file.tensors {
    print("\(tensor.name): \(tensor.type.name), \(tensor.shape)")
}
