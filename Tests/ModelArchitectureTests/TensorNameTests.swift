import ModelArchitecture
import Testing

@Suite struct TensorNameTests {
    @Test(arguments: TensorRole.allCases)
    func everyRoleRoundTrips(role: TensorRole) {
        let name = TensorName(role, layer: role.isPerLayer ? 12 : nil)
        #expect(TensorName(gguf: name.gguf) == name)
    }

    /// llama.cpp's names.
    @Test(arguments: [
        ("token_embd.weight", TensorRole.tokenEmbedding, nil), ("output.weight", .output, nil),
        ("output_norm.weight", .outputNorm, nil), ("blk.0.attn_output.weight", .attentionOutput, 0),
        ("blk.3.ffn_gate_inp.weight", .router, 3), ("blk.27.ffn_down_exps.weight", .expertsDown, 27),
        ("blk.59.ffn_up_shexp.weight", .sharedUp, 59), ("blk.1.ffn_gate.weight", .feedForwardGate, 1),
    ])
    func knownNames(name: String, role: TensorRole, layer: Int?) {
        #expect(TensorName(gguf: name) == TensorName(role, layer: layer))
        #expect(TensorName(role, layer: layer).gguf == name)
    }

    @Test(arguments: [
        "", "output", "output.bias", "blk.0.output.weight", "attn_q.weight", "blk.07.attn_q.weight",
        "blk.+7.attn_q.weight", "blk.-1.attn_q.weight", "blk.99999999999999999999.attn_q.weight",
        "blk..attn_q.weight", "layer.0.attn_q.weight", "blk.0.attn_q.weight.", "blk.0.ffn_gate.3.weight",
    ])
    func otherNamesAreNotOurs(name: String) {
        #expect(TensorName(gguf: name) == nil)
    }
}
