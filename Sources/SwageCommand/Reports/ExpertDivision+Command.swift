import Recipes

extension ExpertDivision {
    /// llama.cpp's command line for a divided model.
    func command(_ path: String, context: Int) -> String {
        let layers = (0..<layerCount).map(String.init).joined(separator: "|")
        let experts = layerCount > 0 ? " -ot 'blk\\.(\(layers))\\.ffn_(gate|up|down)_exps\\.=CPU'" : ""
        return "llama-server -m \(path) -ngl 99 -c \(context)\(experts)"
    }
}
