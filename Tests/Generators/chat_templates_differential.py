"""Writes Fixtures/golden/chat_templates_differential.json.zst: what jinja2, as HuggingFace transformers has it, makes of templates.

    chat_templates_differential.py [SEED [COUNT [OUTPUT]]]

Needs: transformers (made with 5.24), jinja2 3.1.6, zstd. Run from the repository's root. The templates are those by hand and random ones of
chat_template_cases.py, each with some of the contexts there. What would be another text each time (addresses) is left out.
"""
import copy, json, re, subprocess, sys, warnings
from transformers.utils.chat_template_utils import _compile_jinja_template
import chat_template_cases as cases

warnings.simplefilter("ignore")

seed, count = int(sys.argv[1]) if len(sys.argv) > 1 else 1, int(sys.argv[2]) if len(sys.argv) > 2 else 2500
output = sys.argv[3] if len(sys.argv) > 3 else "Fixtures/golden/chat_templates_differential.json.zst"


def result(template, context):
    try:
        text = _compile_jinja_template(template).render(**copy.deepcopy(context))
        text.encode()
        return text
    except Exception:
        return None


vectors = []
for template in cases.hand():
    for index in range(len(cases.CONTEXTS)):
        vectors.append([template, index, result(template, cases.CONTEXTS[index])])
grammar = cases.Grammar(seed)
seen = set()
while len(seen) < count:
    template = grammar.template()
    if template in seen or len(template) > 1500:
        continue
    seen.add(template)
    index = grammar.r.randrange(len(cases.CONTEXTS))
    vectors.append([template, index, result(template, cases.CONTEXTS[index])])
vectors = [v for v in vectors if v[2] is None or (not re.search(r" at 0x[0-9a-f]{6}|<class |<function|<built-in", v[2]) and len(v[2]) < 20000)]
print(len(vectors), "vectors,", sum(v[2] is None for v in vectors), "errors", file=sys.stderr)
data = json.dumps({"made_by": "Tests/Generators/chat_templates_differential.py", "contexts": cases.CONTEXTS, "cases": vectors}, ensure_ascii=False, separators=(",", ":")).encode()
if output.endswith(".zst"):
    subprocess.run(["zstd", "-19", "-q", "-f", "-o", output], input=data, check=True)
else:
    open(output, "wb").write(data)
