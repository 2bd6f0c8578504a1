"""Writes Fixtures/golden/chat_template_golden.json.zst: what jinja2 makes of conversation templates.

Needs: jinja2 (made with 3.1.6), zstd. Run from the repository's root. The environment is the one of HuggingFace transformers: sandboxed, trim_blocks,
lstrip_blocks, raise_exception; tools and documents are None.

The templates: of the bundled models; published formats (ChatML, Mixtral-Instruct, Llama-2, Llama-3, Qwen-2, Zephyr, DeepSeek, XVERSE), written down from
their descriptions; small ones for white space, scopes, operators, filters, tests and methods.
"""
import glob, json, subprocess
import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Raised(Exception):
    pass


def raise_exception(message):
    raise Raised(message)


environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
environment.globals["raise_exception"] = raise_exception

FORMATS = {
    "chatml": "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "chatml lines": "{%- for message in messages %}\n    {{- '<|im_start|>' ~ message.role ~ '\\n' ~ message.content | trim ~ '<|im_end|>\\n' }}\n{%- endfor %}\n{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n{%- endif %}\n",
    "mixtral": "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token}}{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}",
    "mixtral new": """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}

{{- bos_token }}
{%- for message in loop_messages %}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
        {{- raise_exception('After the optional system message, conversation roles must alternate user/assistant/user/assistant/...') }}
    {%- endif %}
    {%- if message["role"] == "user" %}
        {%- if loop.first and system_message is defined %}
            {{- " [INST] " + system_message + "\\n\\n" + message["content"] + " [/INST]" }}
        {%- else %}
            {{- " [INST] " + message["content"] + " [/INST]" }}
        {%- endif %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"] + eos_token}}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are supported, with the exception of an initial optional system message!") }}
    {%- endif %}
{%- endfor %}
""",
    "llama-2": "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}",
    "llama-3": "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}",
    "qwen-2": "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "qwen-2 last": "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] }}{% if (loop.last and add_generation_prompt) or not loop.last %}{{ '<|im_end|>' + '\n'}}{% endif %}{% endfor %}{% if add_generation_prompt and messages[-1]['role'] != 'assistant' %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "zephyr": "{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'system' %}\n{{ '<|system|>\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'assistant' %}\n{{ '<|assistant|>\n'  + message['content'] + eos_token }}\n{% endif %}\n{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}",
    "deepseek": "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{% set ns = namespace(is_first=false, system_prompt='') %}{%- for message in messages %}{%- if message['role'] == 'system' %}{% set ns.system_prompt = message['content'] %}{%- endif %}{%- endfor %}{{bos_token}}{{ns.system_prompt}}{%- for message in messages %}{%- if message['role'] == 'user' %}{{'<\uff5cUser\uff5c>' + message['content']}}{%- endif %}{%- if message['role'] == 'assistant' and message['content'] is not none %}{% set content = message['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}{{'<\uff5cAssistant\uff5c>' + content + '<\uff5cend\u2581of\u2581sentence\uff5c>'}}{%- endif %}{%- endfor -%}{% if add_generation_prompt %}{{'<\uff5cAssistant\uff5c>'}}{% endif %}",
    "xverse dense": "{% for message in messages %}{% if message['role'] == 'user' %}{{ 'Human: ' + message['content'] + '\n\n' }}{% elif message['role'] == 'assistant' %}{{ 'Assistant: ' + message['content'] + eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'Assistant: ' }}{% endif %}",
    "xverse moe": "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}",
}
for path in sorted(glob.glob("Fixtures/models/*/tokenizer_config.json")):
    template = json.load(open(path, encoding="utf-8")).get("chat_template")
    if template:
        FORMATS[path.split("/")[-2]] = template

SMALL = [
    # White space.
    "a\n  {% if true %}\n  b\n  {% endif %}\nc\n", "a {% if true %} b {% endif %} c", "  {%- if true -%}  b  {%- endif -%}  \n c", "{{ 'x' }}\n{{ 'y' }}\n", "a\n\n  {{- 'x' -}}  \n\nb", "x {#- comment -#} y", "a\n  {# comment #}\nb",
    "  {%+ if true %}x{% endif %}", "{% if true +%}\nx{% endif %}", "a\r\nb\r{% if true %}\r\nc{% endif %}\n\n", "{% for m in messages %}\n{{ loop.index }}\n{% endfor %}\n", "x{% if true %}\n\n  y{% endif %}  \n  {% if true %}z{% endif %}", "\u00a0{%- if true -%}\u3000\u2003x{% endif %}",
    "{% set a = 1 %}  {% set b = 2 %}\n{{ a }}{{ b }}", "{{ 'a' }}  {% if true %}x{% endif %}", "{{ 'a' }}\n  {% if true %}x{% endif %}", "{{- '{{' -}} { % } {", "{% if true %}{# a #}  {% endif %}b", "",
    # Values.
    "{{ true }}{{ false }}{{ none }}{{ 12 }}{{ missing }}{{ -3 }}", "{{ 'a' 'b' \"c\" }}", r"{{ 'a\n\t\\\'\"\x41\u4f60\q' }}", "{{ 1 + 2 * 3 - 4 % 3 }} {{ -7 % 3 }} {{ 7 % -3 }}", "{{ 'a' ~ 1 ~ true ~ none }}", "{{ 1 + 1 ~ 2 }}", "{{ (1, 2)|length }}{{ [1, 2, 3,]|length }}{{ []|length }}",
    "{{ 1 == true }}{{ '1' == 1 }}{{ 'e\u0301' == '\u00e9' }}{{ none == none }}{{ missing == none }}{{ 'a' < 'b' }}{{ 2 >= 2 }}{{ [1, 'a'] == [1, 'a'] }}", "{{ 'a' in 'cat' }}{{ 'x' not in 'cat' }}{{ 2 in [1, 2] }}{{ '' in 'a' }}{{ 'role' in messages[0] }}", "{{ not true }}{{ not not 1 }}{{ 1 and 2 }}{{ 0 or 'x' }}{{ '' and missing.x }}",
    "{{ 'a' if true else 'b' }}{{ 'a' if false }}{{ 1 if 0 else 2 if 0 else 3 }}", "{{ messages[0].role }}{{ messages[-1]['content'] }}{{ messages[99] }}{{ messages[0].nothing }}{{ 'abc'[1] }}", "{{ 'abcdef'[1:3] }}{{ 'abcdef'[:-1] }}{{ 'abcdef'[::-1] }}{{ 'abcdef'[::2] }}{{ 'abcdef'[10:] }}{{ 'abc'[-10:2] }}{{ 'abc'[2:0:-1] }}",
    "{{ messages[1:]|length }}{{ messages[::-1][0].role }}{{ (messages|last).role }}{{ (messages|first).content }}",
    # Tests, filters, methods.
    "{{ messages is defined }}{{ missing is defined }}{{ missing is undefined }}{{ none is none }}{{ messages is not none }}{{ tools is none }}{{ missing is none }}", "{{ 'a' is string }}{{ 1 is string }}{{ messages is iterable }}{{ messages[0] is mapping }}{{ 'a' is sequence }}{{ true is boolean }}{{ 1 is number }}{{ true is number }}{{ true is integer }}{{ 3 is odd }}{{ 3 is even }}{{ 1 is true }}{{ false is false }}",
    "{{ ' \u3000a b\\n' | trim }}|{{ 'xaxx'.strip('x') }}|{{ ' a '.lstrip() }}|{{ ' a '.rstrip() }}|", "{{ 'aB\u00e9'|upper }}{{ 'AB\u00c9'.lower() }}{{ 'a\u4f60\U0001f600'|length }}{{ missing|default('d') }}{{ ''|default('d') }}{{ ''|default('d', true) }}{{ missing|length }}", "{{ 'a,b,,c'.split(',')|length }}{{ ' a  b '.split()|length }}{{ 'a</t>b'.split('</t>')[-1] }}{{ 'abc'.startswith('ab') }}{{ 'abc'.endswith('bc') }}{{ 'aXbX'.replace('X', '--') }}{{ 'x'|first }}{{ ''|last }}",
    "{{ not missing is defined }}{{ 1 + messages|length }}{{ -1|string }}{{ 'a'|upper ~ 'b' }}{{ 'a' + 'b'|upper }}",
    # Statements and scopes.
    "{% for m in messages %}{{ loop.index }}{{ loop.index0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.revindex }} {% else %}none{% endfor %}", "{% for x in [] %}a{% else %}none{% endfor %}{% for x in missing %}a{% else %}none{% endfor %}{% for c in 'ab' %}{{ c }}-{% endfor %}", "{% set x = 1 %}{% for m in messages %}{{ x }}{% set x = 2 %}{{ x }}{% endfor %}{{ x }}", "{% set x = 1 %}{% if true %}{% set x = 2 %}{% endif %}{{ x }}",
    "{% set ns = namespace(n=0, s='') %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% set ns.s = ns.s ~ m.role[0] %}{% endfor %}{{ ns.n }}{{ ns.s }}{{ ns.missing is defined }}", "{% for i in range(3) %}{{ i }}{% for j in range(1, 8, 3) %}({{ loop.index }},{{ j }}){% endfor %}{{ loop.index }}{% endfor %}{% for i in range(3, 0, -1) %}{{ i }}{% endfor %}", "{% for a in messages %}{{ loop.previtem.role if loop.previtem is defined else '-' }}{{ loop.nextitem is defined }}{% endfor %}", "{% if missing %}a{% elif 0 %}b{% elif 'x' %}c{% else %}d{% endif %}",
    # Errors of values.
    "{{ missing.x }}", "{{ missing['x'] }}", "{{ 'a' + 1 }}", "{{ 1 < 'a' }}", "{{ raise_exception('no: ' ~ messages[0].role) }}", "{% for x in 3 %}{% endfor %}", "{{ 1 in 2 }}", "{{ none + 'a' }}", "{{ 1 % 0 }}", "{{ none.x }}{{ 1.x }}", "{% set ns.x = 1 %}", "{{ 'a'.strip(1) }}", "{{ 'a'[1:2:0] }}",
]
for i, template in enumerate(SMALL):
    FORMATS[f"small {i}"] = template

user = {"role": "user", "content": " Hello, \u4f60\u597d!\n"}
assistant = {"role": "assistant", "content": "<think>a</think> Hi {{ there }} \n"}
system = {"role": "system", "content": "Be brief."}
CONVERSATIONS = [[user], [user, assistant, user], [system, user], [system, user, assistant], [assistant], []]

cases = []
for name, template in FORMATS.items():
    for messages in CONVERSATIONS[:2] if name.startswith("small") else CONVERSATIONS:
        for prompt in [False] if name.startswith("small") else [False, True]:
            case = {"name": name, "template": template, "messages": messages, "prompt": prompt}
            try:
                case["text"] = environment.from_string(template).render(messages=messages, tools=None, documents=None, add_generation_prompt=prompt, bos_token="<s>", eos_token="</s>")
            except Raised as e:
                case["raised"] = str(e)
            except Exception as e:
                case["error"] = type(e).__name__
            cases.append(case)

subprocess.run(["zstd", "-19", "-q", "-f", "-o", "Fixtures/golden/chat_template_golden.json.zst"], check=True,
               input=json.dumps({"made_by": f"Tests/Generators/chat_template_golden.py, jinja2 {jinja2.__version__}", "cases": cases}, ensure_ascii=False, separators=(",", ":")).encode())
