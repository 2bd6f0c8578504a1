import ChatTemplates
import TestSupport
import Testing

@Suite struct NamedTests {
    @Test(arguments: [
        (
            "chatml",
            "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nA<|im_end|>\n<|im_start|>assistant\nB<|im_end|>\n<|im_start|>user\nC<|im_end|>\n<|im_start|>assistant\n"
        ),
        ("llama-2", "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nA [/INST] B </s><s>[INST] C [/INST]"),
        ("mistral", "<s>[INST] S\n\nA [/INST] B</s>[INST] C [/INST]"),
        ("xverse", "S\n\nHuman: A\n\nAssistant: B</s>Human: C\n\nAssistant: "),
        ("xverse-moe", "system: S\nuser: A\nassistant: B</s>user: C\nassistant: "),
    ])
    func conversations(name: String, expected: String) throws {
        try Conformance.row("templates/named")
        let named = try #require(ChatTemplate.Named(rawValue: name))
        let text = try ChatTemplate(source: named.source).render(
            messages: [("system", "S"), ("user", "A"), ("assistant", "B"), ("user", "C")], addGenerationPrompt: true,
            bos: "<s>", eos: "</s>")
        #expect(text == expected)
    }
}
