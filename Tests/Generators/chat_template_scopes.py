"""Writes Fixtures/golden/chat_template_scopes.json.zst: what jinja2, as HuggingFace transformers has it, makes of names in blocks in blocks.

    chat_template_scopes.py [SEED [COUNT [OUTPUT]]]

Needs: transformers (made with 5.24), jinja2 3.1.6, zstd. Run from the repository's root. The random templates set and read the same names in
scopes of all kinds, with values from outside for some of them, and go through generators once, twice or not at all.
"""
import copy, json, random, re, subprocess, sys, warnings
from transformers.utils.chat_template_utils import _compile_jinja_template

warnings.simplefilter("ignore")

CONTEXT = {"a": 1, "b": "B", "xs": [1, 2], "c": [3, [4, 5]], "messages": [{"role": "user", "content": "Hi"}], "d": {"k": [1, 2, 3]}, "no": False}

CONSTANTS = [
    "1[1:]", "true[::2]", "none[:1]", "1.5[1:2]", "'abc'[1:]", "'abc'['a':]", "[1, 2][1:]", "(1, 2)[:'x']", "{'a': 1}[1:]", "'abc'[::0]", "1[1:] | default('u')",
    "[1[1:]]", "(1[1:] is defined)", "'a' ~ 1[1:]", "(1[1:] or 'o')", "('abc'[1:] ~ a)", "(a ~ (2[1:] | default('v')))", "-2 ** a", "(1 - 3) ** 2", "(-2) ** a ** 2", "-a ** 2", "1.5[1:].x",
    "(1 if false else 3[1:])", "(1 if true else 3[1:])", "(no and 1[1:])", "(false and 1[1:])", "(false and (1 | nosuch))", "(1 | nosuch if false else 2)", "(a and (1 | nosuch))", "(1 is nosuch if false else 3)",
    "'inf' | float", "['inf' | float]", "('inf' | float) + a", "1e999", "[1, 2] | map('nosuch') | first if no", "'1.5' | float", "[b, 'q'][1:]",
]

HAND = [
    "{% for i in xs %}{{ a }}{% endfor %}{% set a = 2 %}{{ a }}", "{{ a }}{% for i in xs %}{{ a }}{% endfor %}{% set a = 2 %}{{ a }}", "{% if no %}{% set a = 2 %}{% endif %}{{ a }}", "{% if not no %}{% set a = 2 %}{% endif %}{{ a }}",
    "{% macro f() %}{{ z }}{% endmacro %}{{ f() }}{% set z = 1 %}{{ f() }}", "{% for i in xs %}{% if i == 1 %}{% set a = i %}{% endif %}{{ a }}{% endfor %}{{ a }}", "{% for i in xs %}{{ i }}{% else %}{% set i = 3 %}{% endfor %}{{ i }}",
    "{% set ns = namespace() %}{% for i in xs %}{% macro f() %}{{ j }}{% endmacro %}{% set j = i %}{% set ns.f = f %}{{ f() }}{% endfor %}{{ ns.f() }}{% for k in xs %}{% set j = 9 %}{{ ns.f() }}{% endfor %}",
    "{% set ns = namespace(go=true) %}{% for i in range(5) if ns.go %}{{ i }}{% if i == 2 %}{% set ns.go = false %}{% endif %}{% endfor %}", "{% set ns = namespace(go=true) %}{% for i in range(5) if ns.go %}{{ i }}{{ loop.last }}{% if i == 2 %}{% set ns.go = false %}{% endif %}{% endfor %}",
    "{% set g = xs | map('string') %}{{ g | first }}{{ g | list }}{{ g | list }}", "{% set g = xs | map('nosuch') %}ok", "{% set g = ['1', 2] | map('upper') | map('length') %}{% for x in g %}{{ x }}{% break %}{% endfor %}{{ g | list }}",
    "{% set g = d.k | select('odd') %}{{ 1 in g }}{{ g | list }}", "{% for x in xs | map('string') %}{{ loop.length }}{{ x }}{% endfor %}", "{% for x in xs | map('string') %}{{ x }}{{ loop.nextitem | default('-') }}{{ loop.revindex }}{% endfor %}",
    "{% set l = namespace() %}{% for x in d.k %}{% set l.l = loop %}{% if x == 1 %}{% break %}{% endif %}{% endfor %}{% for y, z in l.l %}{{ y }}{{ z.index }}{% endfor %}",
    "{% macro f() %}{% generation %}{{ caller is defined }}{{ varargs }}{{ kwargs }}{% endgeneration %}{% endmacro %}{% call f() %}x{% endcall %}", "{% macro f(a, a) %}{% endmacro %}", "{% for loop in xs %}{% endfor %}", "{% if no %}{% for x in xs %}{% set loop = 1 %}{% endfor %}{% endif %}",
    "{% macro f(x=y, y=2) %}{{ x }}{{ y }}{% endmacro %}{{ f() }}", "{% set x | default(q) %}{% endset %}", "{% set x | default(a) %}{% endset %}{{ x }}{{ a }}", "{{ self is defined }}", "{% with a = 2, x = a %}{{ a }}{{ x }}{% endwith %}{{ a }}",
    "{% for x in c recursive %}{% if x is iterable %}({{ loop(x) }}){% else %}{{ x }}{{ loop.depth }}{{ loop.last }}{% endif %}{% set a = x %}{{ a }}{% endfor %}{{ a }}", "{% for x in xs recursive %}{{ x }}{% break %}{% else %}e{% endfor %}", "{% for y in xs %}{% for x in [] recursive %}{% else %}{% break %}{% endfor %}{% endfor %}",
    "{{ 1 | nosuch if no else 2 }}", "{% for x in [] %}{{ x | nosuch }}{% endfor %}", "{% macro g() %}{{ 1 is nosuch }}{% endmacro %}", "{% if no %}{% macro g() %}{{ 1 is nosuch }}{% endmacro %}{% endif %}", "{% if no %}{{ 1 is nosuch }}{% endif %}",
    "{% filter replace('a', x) %}a{% set x = 'b' %}{% endfilter %}", "{% set x = 'q' %}{% filter replace('a', x) %}a{% set x = 'b' %}{% endfilter %}{{ x }}", "{% macro f(caller=none) %}{{ caller }}{% endmacro %}{{ f() }}{{ f(1) }}{% call f() %}{% endcall %}", "{% macro f(caller) %}{{ caller }}{% endmacro %}",
    "{% macro f() %}{{ caller }}{% endmacro %}{{ f(caller=none) is defined }}{{ f(caller=3) }}", "{% set a = a %}{{ a }}", "{% for a in [a] %}{{ a }}{% endfor %}", "{% set f = 1 %}{% if no %}{% macro f() %}{% endmacro %}{% endif %}{{ f }}", "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.current }}{{ c.next() }}{{ c.next() }}{{ c.reset() }}{{ c.next() }}",
    "{% set j = joiner() %}{{ j() }}{{ j() }}{{ j() }}{% set k = joiner('|') %}{{ k() }}{{ k() }}",
]


class Scopes:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.names = ["a", "b", "x", "y", "c", "loop", "ns", "f", "caller", "varargs", "kwargs"]

    def pick(self, *options):
        return self.r.choice(options)

    def name(self):
        return self.r.choice(self.names[:5]) if self.r.random() < 0.75 else self.r.choice(self.names)

    def value(self, depth=2):
        k = self.r.randrange(16)
        if k < 6 or depth == 0: return self.name()
        if k < 8: return self.pick("1", "'s'", "none", "[]", "true")
        if k == 8: return f"({self.name()} ~ {self.value(depth - 1)})"
        if k == 9: return f"({self.name()} | default({self.value(depth - 1)}))"
        if k == 10: return f"({self.value(depth - 1)} if {self.name()} is defined else {self.value(depth - 1)})"
        if k == 11: return self.pick("loop.index", "loop.last", "loop.length", "ns.v", "loop.changed(x)", "caller()", "f(1)", "f()", "ns.f()", "varargs | length", "kwargs | length", "ns.g | first", "loop.nextitem", "loop.previtem")
        if k == 12: return f"({self.name()} is {self.pick('defined', 'undefined', 'string', 'iterable')})"
        if k == 13: return self.pick("xs", "d.k", "'pq'", "range(2)")
        if k == 14: return f"({self.value(depth - 1)} {self.pick('and', 'or')} {self.value(depth - 1)})"
        return self.lazy() if self.r.random() < 0.7 else self.r.choice(CONSTANTS)

    def lazy(self):
        """Generators, used once, twice or not at all."""
        source = self.pick("xs", "d.k", "['1', 'x', none]", "ns.g", "messages", "c", "d", "'pq'")
        step = self.pick("map('string')", "map('abs')", "map('first')", "select('odd')", "select", "reject('none')", "map('nosuch')", "select('nosuch')", "selectattr('role')", "selectattr('role', 'eq', 'user')", "map(attribute='role')", "unique", "batch(2)", "batch(2, 0)", "slice(2)", "reverse", "items", "map", "map('int')", "select('gt', 1)", "batch(0)", "slice(0)", "map('upper')")
        end = self.pick("list", "first", "list", "join('-')", "length", "last", "sum", "list | length", "map('string') | list", "batch(2) | list", "reverse | list", "tojson", "string", "sort", "min", "unique | list", "first | default('n')")
        return f"({source} | {step} | {end})"

    def target(self):
        return self.pick(self.name(), self.name(), self.name(), "ns.v", "ns.w", "x, y")

    def text(self):
        return self.pick("", "-", " ", "t", "\n")

    def statement(self, depth, loops=0):
        k = self.r.randrange(24)
        body = lambda inside=loops: self.statements(depth - 1, inside)
        if depth == 0 or k < 6: return "{{ " + self.value() + " }}"
        if k < 9:
            name = self.target()
            return "{% set " + name + " = " + ("[1, 2]" if "," in name else self.value()) + " %}"
        if k < 12: return "{% if " + self.value() + " %}" + body() + self.pick("", "{% elif " + self.value() + " %}" + body()) + self.pick("", "{% else %}" + body()) + "{% endif %}"
        if k < 15:
            over = self.pick("xs", "c", "range(2)", "[[1, 2], [3, 4]]", "[]", "ns.g", "'pq'", self.value())
            return "{% for " + self.pick("x", "y", "a", "x, y", "i") + " in " + over + self.pick("", "", f" if {self.value(1)}", " if x != 1") + self.pick("", "", "", " recursive") + " %}" + self.pick("", "", "{{ loop.index }}", "{{ loop.last }}", "{{ loop.length }}", "{{ x }}", "{{ loop([]) }}") + body(1) + self.pick("", "{% else %}" + body()) + "{% endfor %}"
        if k < 17: return "{% macro f(" + self.pick("", "x", "a, b=x", "a=b, b=1", "x=y, y=2", "b=a, caller=none", "loop") + ") %}" + body(0) + "{% endmacro %}" + self.pick("{{ f() }}", "{{ f(1) }}", "{{ f(1, 2) }}", "{{ f(z=3) }}", "{{ f(x=4) }}", "{% set ns.f = f %}", "")
        if k == 17: return "{% call" + self.pick("", "(x)", "(a, b=x)") + " f(" + self.pick("", "1", "x") + ") %}" + body(0) + "{% endcall %}"
        if k == 18: return "{% filter " + self.pick("upper", "replace('1', b)", "default(x)", "trim", "replace('s', y | string)") + " %}" + body() + "{% endfilter %}"
        if k == 19: return "{% set " + self.pick(self.name(), "ns.v", self.name() + " | upper", self.name() + " | default(x)", self.name() + " | replace('1', b)") + " %}" + body() + "{% endset %}"
        if k == 20: return "{% with " + self.pick("a = x", "x = 1, y = x", "a = 1, b = a", "x = loop, y = x", "", "loop = 3", "x = xs") + " %}" + body() + "{% endwith %}"
        if k == 21: return "{% set ns." + self.pick("g = xs | map('string')", "g = d.k | select('odd')", "v = x", "g = xs", "v = ns.v", "g = ns.g | map('string')") + " %}"
        if k == 22: return "{% generation %}" + body(0) + "{% endgeneration %}"
        return self.pick("{% if x %}{% break %}{% endif %}", "{% if a %}{% continue %}{% endif %}", "{% if loop.index > 1 %}{% break %}{% endif %}") if loops else "{% autoescape false %}" + body() + "{% endautoescape %}"

    def statements(self, depth, loops=0):
        return "".join(self.text() + self.statement(depth, loops) for _ in range(self.r.randrange(1, 4)))

    def template(self):
        begin = self.pick("", "{% set ns = namespace(v=0, g=[]) %}", "{% set ns = namespace(v=0, g=xs | map('string')) %}{% macro f(p='P') %}{{ p }}{{ caller() if caller }}{% endmacro %}", "{% set ns = namespace(v=1, g=[5]) %}{% set x = 0 %}{% macro f(x=b) %}{{ x }}{{ y }}{{ caller(x) if caller }}{% endmacro %}")
        return begin + self.statements(self.pick(0, 1, 1, 2, 2, 3, 4))


def builtins():
    """Templates with each of jinja2's filters, tests and globals: what it is, its name, the template."""
    environment = _compile_jinja_template("").environment
    values = ["'a b'", "'<p class=\"x\">it is</p> & more'", "5", "-2.5", "1234567", "xs", "d", "messages", "none", "missing", "true", "[]", "c", "'7'", "range(3)"]
    arguments = {"batch": ["(2)", "(2, 0)"], "slice": ["(2)"], "groupby": ["('role')", "(0)"], "attr": ["('role')", "('k')"], "replace": ["('a', 'z')"], "map": ["('string') | list", "(attribute='role') | list"], "format": ["(1)", "()"],
                 "join": ["('-')"], "select": [" | list", "('odd') | list"], "reject": [" | list", "('odd') | list"], "selectattr": ["('role') | list"], "rejectattr": ["('role') | list"], "items": [" | list"], "reverse": [" | list"], "unique": [" | list"],
                 "indent": ["", "(2, true)"], "wordwrap": ["", "(3)", "(3, false)", "(4, wrapstring='|')"], "truncate": ["(3)", "(9, true, '..', 0)"], "xmlattr": ["", "(false)"], "urlize": ["", "(5)"], "filesizeformat": ["", "(true)"], "round": ["", "(1)", "(0, 'floor')"],
                 "default": ["('z')", "('z', true)"], "d": ["('z')"], "sum": ["", "(start=1)"], "sort": ["", "(reverse=true)"], "dictsort": ["", "(by='value')"], "tojson": ["", "(indent=1)"], "center": ["(9)"], "int": ["", "(3)"], "float": ["", "(3.5)"], "pprint": [""], "trim": ["", "('a')"]}
    for name in sorted(environment.filters):
        for value in values:
            for given in arguments.get(name, [""]):
                yield "filter", name, "{{ %s | %s%s }}" % (value, name, given)
    for name in sorted(environment.tests):
        for value in values:
            for given in ["", "(5)", "('a b')", "(xs)"]:
                yield "test", name, "{{ %s is %s%s }}" % (value, name, given)
    for name in sorted(environment.globals):
        for given in ["", " is defined", " is callable", "()", "(3)", "('a', 'b')", "(a=1)", "(xs) | string"]:
            yield "function", name, "{{ %s%s }}" % (name, given)


def result(template):
    """What jinja2 makes of a template; null for an error, the template left out for what is another text each time."""
    try:
        text = _compile_jinja_template(template).render(**copy.deepcopy(CONTEXT))
        text.encode()
        return text
    except Exception:
        return None


def main():
    seed, count = int(sys.argv[1]) if len(sys.argv) > 1 else 1, int(sys.argv[2]) if len(sys.argv) > 2 else 2500
    output = sys.argv[3] if len(sys.argv) > 3 else "Fixtures/golden/chat_template_scopes.json.zst"
    scopes = Scopes(seed)
    templates = ["{{ %s }}" % c for c in CONSTANTS] + ["{%% set x = %s %%}{{ x }}" % c for c in CONSTANTS] + HAND
    while len(templates) < count:
        template = scopes.template()
        if template not in templates[-200:] and len(template) < 1200:
            templates.append(template)
    cases = [[template, result(template)] for template in dict.fromkeys(templates)]
    cases = [c for c in cases if c[1] is None or (not re.search(r" at 0x[0-9a-f]{6}|<class |<function|<built-in", c[1]) and len(c[1]) < 20000)]
    kinds = [[kind, name, template, result(template)] for kind, name, template in builtins() if name not in ("random", "lipsum", "strftime_now")]
    kinds += [["filter", "random", "{{ [1] | random }}", "1"], ["function", "lipsum", "{{ lipsum() }}", "?"]]
    kinds = [k for k in kinds if k[3] is None or not re.search(r" at 0x[0-9a-f]{6}|<class |<function|<built-in", k[3])]
    print(len(cases), "cases,", sum(c[1] is None for c in cases), "errors", file=sys.stderr)
    data = json.dumps({"made_by": "Tests/Generators/chat_template_scopes.py", "context": CONTEXT, "cases": cases, "builtins": kinds}, ensure_ascii=False, separators=(",", ":")).encode()
    if output.endswith(".zst"):
        subprocess.run(["zstd", "-19", "-q", "-f", "-o", output], input=data, check=True)
    else:
        open(output, "wb").write(data)


if __name__ == "__main__":
    main()
