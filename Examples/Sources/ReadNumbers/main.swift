import SafetensorsIO

// The numbers in a tensor of a safetensors file: ReadNumbers FILE TENSOR

guard CommandLine.arguments.count == 3 else { fatalError("usage: ReadNumbers FILE TENSOR") }

let file = try SafetensorsFile(path: CommandLine.arguments[1])
if let tensor = file.tensor(named: CommandLine.arguments[2]) {
    for number in try tensor.floats() { print(number) }
}
