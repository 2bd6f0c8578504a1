import Files
import GGUF
import Recipes

/// A recipe in a file: as JSON, or in the metadata of a GGUF that was made by it.
public enum RecipeFile {
    /// Where a GGUF keeps the recipe that made it, as JSON.
    static let key: ByteString = "swage.recipe"

    private static let ggufMagic: [UInt8] = Array("GGUF".utf8)

    /// Reads a recipe.
    ///
    /// - Parameter path: A JSON file, or a GGUF that was made by a recipe.
    /// - Throws: `RecipeError`, `JSONError`, `GGUFError`, `FileError` or ``RecipeFileError``, with the file.
    public static func read(_ path: String) throws -> Recipe {
        let file: ReadableFile
        do {
            file = try ReadableFile(path: path)
        } catch let error as FileError where error.isNotFound && !path.contains("/") {
            throw RecipeFileError(file: path, isMix: (try? Recipe(named: path)) != nil, mixes: Recipe.names)
        }
        guard try file.bytes(0..<min(file.byteCount, ggufMagic.count)) == ggufMagic else {
            return try Recipe(contentsOf: path)
        }
        guard let json = try GGUFFile(path: path).metadata.bytes(key) else {
            throw RecipeError(.noRecipe, file: path, place: key.description)
        }
        return try Recipe(json: json.bytes, file: path)
    }
}
