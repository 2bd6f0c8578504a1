extension ChatTemplate {
    /// The conversation formats that are known by name.
    public enum Named: String, Sendable, CaseIterable {
        /// `<|im_start|>` and `<|im_end|>` around each message.
        case chatML = "chatml"
        /// Meta's Llama 2: `[INST]` with the system message inside the first turn.
        case llama2 = "llama-2"
        /// Mistral's and Mixtral's: `[INST]`, and no system message of its own.
        case mistral
        /// XVERSE's dense models: `Human: ` and `Assistant: `, the end token after answers.
        case xverse
        /// XVERSE's mixtures of experts: lower-case roles, one line each.
        case xverseMoE = "xverse-moe"

        /// The template's text.
        public var source: String {
            switch self {
            case .chatML: Self.chatMLSource
            case .llama2: Self.llama2Source
            case .mistral: Self.mistralSource
            case .xverse: Self.xverseSource
            case .xverseMoE: Self.xverseMoESource
            }
        }

        private static let chatMLSource = """
            {% for message in messages %}\
            {{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}\
            {% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
            """

        private static let llama2Source = """
            {% set ns = namespace(system='') %}{% for message in messages %}\
            {% if message['role'] == 'system' %}\
            {% set ns.system = '<<SYS>>\\n' + message['content'] + '\\n<</SYS>>\\n\\n' %}\
            {% elif message['role'] == 'user' %}\
            {{ bos_token + '[INST] ' + (ns.system + message['content']) | trim + ' [/INST]' }}{% set ns.system = '' %}\
            {% elif message['role'] == 'assistant' %}{{ ' ' + message['content'] | trim + ' ' + eos_token }}\
            {% else %}{{ raise_exception('this format has the roles system, user and assistant') }}{% endif %}{% endfor %}
            """

        private static let mistralSource = """
            {{ bos_token }}{% set ns = namespace(system='') %}{% for message in messages %}\
            {% if message['role'] == 'system' %}{% set ns.system = message['content'] + '\\n\\n' %}\
            {% elif message['role'] == 'user' %}{{ '[INST] ' + ns.system + message['content'] + ' [/INST]' }}\
            {% set ns.system = '' %}\
            {% elif message['role'] == 'assistant' %}{{ ' ' + message['content'] | trim + eos_token }}\
            {% else %}{{ raise_exception('this format has the roles system, user and assistant') }}{% endif %}{% endfor %}
            """

        private static let xverseSource = """
            {% for message in messages %}{% if message['role'] == 'system' %}{{ message['content'] + '\\n\\n' }}\
            {% elif message['role'] == 'user' %}{{ 'Human: ' + message['content'] + '\\n\\n' }}\
            {% elif message['role'] == 'assistant' %}{{ 'Assistant: ' + message['content'] + eos_token }}\
            {% else %}{{ raise_exception('this format has the roles system, user and assistant') }}{% endif %}{% endfor %}\
            {% if add_generation_prompt %}{{ 'Assistant: ' }}{% endif %}
            """

        private static let xverseMoESource = """
            {% for message in messages %}{% if message['role'] == 'assistant' %}\
            {{ 'assistant: ' + message['content'] + eos_token }}\
            {% else %}{{ message['role'] + ': ' + message['content'] + '\\n' }}{% endif %}{% endfor %}\
            {% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}
            """
    }
}
