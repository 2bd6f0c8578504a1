import BlockFormats
import GGUF

// The numbers in one row of a tensor, whatever type they are stored in: DequantizeTensor FILE TENSOR ROW

let arguments = CommandLine.arguments
guard arguments.count == 4, let row = Int(arguments[3]) else { fatalError("usage: DequantizeTensor FILE TENSOR ROW") }

let file = try GGUFFile(path: arguments[1])
guard let tensor = file.tensor(named: arguments[2]) else { fatalError("there is no tensor \(arguments[2])") }
guard 0..<tensor.rowCount ~= row else { fatalError("the tensor has \(tensor.rowCount) rows") }

let values = try BlockFormats.decode(tensor.rows(row..<row + 1), as: tensor.descriptor.type)
for value in values { print(value) }
