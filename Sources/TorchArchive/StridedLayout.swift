import Files

/// The places of a tensor's elements in its file.
struct StridedLayout: Sendable, Hashable {
    /// Byte offset of the first element in the file.
    let start: Int
    let elementByteCount: Int
    /// Whether the elements follow one another in the order of the shape.
    let isContiguous: Bool
    /// Elements of a row, the last dimension, and between two of them.
    private let columnCount: Int
    private let columnStride: Int
    /// Rows of a matrix, the last dimension but one, and elements between two of them.
    private let rowCount: Int
    private let rowStride: Int
    /// The dimensions before, the slowest first.
    private let outer: [Dimension]

    private struct Dimension: Sendable, Hashable {
        let count: Int
        let stride: Int
    }

    /// Checks that every element lies in its storage and none shares its bytes with another.
    ///
    /// - Parameter storage: bytes in the file.
    init(_ tensor: PickledTensor, storage: Range<Int>) throws(TensorFault) {
        elementByteCount = tensor.type.byteCount
        var byteCount = elementByteCount
        for count in tensor.shape {
            let (product, overflow) = byteCount.multipliedReportingOverflow(by: count)
            guard !overflow else { throw TensorFault(kind: .shapeTooLarge(tensor.shape)) }
            byteCount = product
        }
        // Strides matter where there is more than one element.
        let dimensions =
            byteCount == 0
            ? [] : zip(tensor.shape, tensor.strides).filter { $0.0 > 1 }.map { Dimension(count: $0.0, stride: $0.1) }
        let elementCount = byteCount / elementByteCount
        let storageElementCount = storage.count / elementByteCount
        var span = 1
        for dimension in dimensions.sorted(by: { $0.stride < $1.stride }) {
            guard dimension.stride >= span else {
                throw TensorFault(kind: .overlappingElements(shape: tensor.shape, strides: tensor.strides))
            }
            let (reach, overflow) = (dimension.count - 1).multipliedReportingOverflow(by: dimension.stride)
            let (sum, sumOverflow) = span.addingReportingOverflow(reach)
            guard !overflow, !sumOverflow else { throw TensorFault(kind: .shapeTooLarge(tensor.shape)) }
            span = sum
        }
        let (end, overflow) = tensor.offset.addingReportingOverflow(byteCount == 0 ? 0 : span)
        guard !overflow, end <= storageElementCount else {
            throw TensorFault(
                kind: .tensorOutsideStorage(
                    elementCount: overflow ? .max : end, storageElementCount: storageElementCount))
        }
        start = storage.lowerBound + tensor.offset * elementByteCount
        isContiguous = byteCount == 0 || span == elementCount && dimensions.map(\.stride).isDescending
        var matrix = dimensions
        if !isContiguous, !dimensions.suffix(2).contains(where: { $0.stride == 1 }) {
            // No two elements of a matrix are neighbours: rows of one.
            matrix.append(Dimension(count: 1, stride: 1))
        }
        let columns = matrix.last ?? Dimension(count: 1, stride: 1)
        let rows = matrix.dropLast().last ?? Dimension(count: 1, stride: 0)
        (columnCount, columnStride) = (columns.count, columns.stride)
        (rowCount, rowStride) = (rows.count, rows.stride)
        outer = Array(matrix.dropLast(2))
    }

    /// Reads some elements in the order of the shape.
    func read(_ elements: Range<Int>, of file: ReadableFile, into buffer: UnsafeMutableRawBufferPointer) throws {
        if isContiguous {
            return try file.read(at: start + elements.lowerBound * elementByteCount, into: buffer)
        }
        var position = elements.lowerBound
        while position < elements.upperBound {
            let (row, column) = position.quotientAndRemainder(dividingBy: columnCount)
            let (matrix, inner) = row.quotientAndRemainder(dividingBy: rowCount)
            let left = elements.upperBound - position
            let wholeRows = column == 0 ? min(rowCount - inner, left / columnCount) : 0
            let count = wholeRows > 0 ? wholeRows * columnCount : min(columnCount - column, left)
            let first = (position - elements.lowerBound) * elementByteCount
            let target = UnsafeMutableRawBufferPointer(
                rebasing: buffer[first..<first + count * elementByteCount])
            let origin = offset(ofMatrix: matrix) + inner * rowStride + column * columnStride
            if columnStride == 1 {
                try readRows(max(1, wholeRows), at: origin, of: file, into: target)
            } else {
                try readColumns(ofRows: max(1, wholeRows), at: origin, of: file, into: target)
            }
            position += count
        }
    }

    /// Elements from the tensor's first to that of a matrix.
    private func offset(ofMatrix number: Int) -> Int {
        var (rest, offset) = (number, 0)
        for dimension in outer.reversed() {
            offset += rest % dimension.count * dimension.stride
            rest /= dimension.count
        }
        return offset
    }

    /// Rows whose elements are neighbours.
    private func readRows(
        _ count: Int, at origin: Int, of file: ReadableFile, into target: UnsafeMutableRawBufferPointer
    ) throws {
        let rowByteCount = target.count / count
        for row in 0..<count {
            try file.read(
                at: start + (origin + row * rowStride) * elementByteCount,
                into: UnsafeMutableRawBufferPointer(
                    rebasing: target[row * rowByteCount..<(row + 1) * rowByteCount]))
        }
    }

    /// Rows whose columns' elements are neighbours: a transposed matrix, read column by column.
    private func readColumns(
        ofRows count: Int, at origin: Int, of file: ReadableFile, into target: UnsafeMutableRawBufferPointer
    ) throws {
        let size = elementByteCount
        let length = target.count / size / count
        try withUnsafeTemporaryAllocation(byteCount: count * size, alignment: 16) { column in
            for number in 0..<length {
                try file.read(at: start + (origin + number * columnStride) * size, into: column)
                for row in 0..<count {
                    (target.baseAddress! + (row * length + number) * size)
                        .copyMemory(from: column.baseAddress! + row * size, byteCount: size)
                }
            }
        }
    }
}

/// What is wrong with one tensor.
struct TensorFault: Error {
    let kind: TorchArchiveError.Kind
}

extension [Int] {
    fileprivate var isDescending: Bool { zip(self, dropFirst()).allSatisfy { $0 > $1 } }
}
