/// The greatest magnitude of a row's elements, which are finite; 0 if there are none.
package func greatestMagnitude(_ row: UnsafePointer<Float>, count: Int) -> Float {
    var greatest: Float = 0
    for column in 0..<count { greatest = max(greatest, row[column].magnitude) }
    return greatest
}
