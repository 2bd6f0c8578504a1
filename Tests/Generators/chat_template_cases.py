"""What Tests/Generators/chat_templates_differential.py makes templates of: contexts, templates by hand, a grammar."""
import random

TOOL = {"type": "function", "function": {"name": "get_weather", "description": "Says how \"the\" weather <is>; \u4f60\u597d.", "parameters": {"type": "object", "properties": {"city": {"type": "string", "description": "The city's name."}, "days": {"type": "integer", "default": 3}, "unit": {"enum": ["c", "f"], "type": "string"}}, "required": ["city"]}}}
SYSTEM = {"role": "system", "content": " Be brief.\n"}
USER = {"role": "user", "content": " Hello, \u4f60\u597d 'you' & <me>!\n"}
ANSWER = {"role": "assistant", "content": "<think>\nHm.\n</think>\n\nHi {{ there }} \U0001f600"}
CALL = {"role": "assistant", "content": "", "tool_calls": [{"id": "abc123xyz", "type": "function", "function": {"name": "get_weather", "arguments": {"city": "Oslo", "days": 2, "exact": True, "note": None}}}]}
RESULT = {"role": "tool", "name": "get_weather", "tool_call_id": "abc123xyz", "content": "{\"t\": -3.5}"}
PARTS = {"role": "user", "content": [{"type": "text", "text": "What is this?"}, {"type": "image", "image": "x.png"}, {"type": "text", "text": " Say."}]}
DOCUMENTS = [{"title": "A b", "text": "First.\nSecond.", "id": 7}, {"title": "C", "text": "", "id": 2.5}]

def context(messages, tools=None, documents=None, prompt=True, **more):
    return dict(messages=messages, tools=tools, documents=documents, add_generation_prompt=prompt, bos_token="<s>", eos_token="</s>",
                n=7, x=-2.5, t="aB c-d", z="", items_=[3, 1, 2], deep={"b": {"c": [1, {"d": "e"}]}, "A": 1}, words=["pear", "Apple", "fig", "apple"], flag=True, **more)

CONTEXTS = [
    context([SYSTEM, USER, ANSWER, USER]), context([USER], prompt=False), context([SYSTEM, USER, CALL, RESULT, ANSWER], [TOOL]),
    context([USER, PARTS], [TOOL, TOOL], DOCUMENTS), context([], documents=[]),
]

HAND = r"""
{{ 1 }}|{{ 1.0 }}|{{ 1e16 }}|{{ 1e15 }}|{{ 123456789012345678.0 }}|{{ 1e-4 }}|{{ 0.00001 }}|{{ 1.5e300 }}|{{ 0.1 + 0.2 }}|{{ 100.0 }}|{{ -0.0 }}|{{ 1/3 }}
{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 // -2 }} {{ 7.5 // 2 }} {{ -7.5 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7.5 % -2 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 2 ** 0.5 }} {{ -2 ** 2 }} {{ 6 / 3 }}
{{ 'a' * 3 }} {{ 3 * [1] }} {{ 'a' * -1 }} {{ (1, 2) + (3,) }} {{ [1] + [2] }} {{ true + true }} {{ 1 - true }}
{{ [1, 'a', none, true, 1.5, {'k': ['v']}, (1,), ()] }}
{{ {'a': 1, 2: 'b', none: none, 1.0: 2, true: 3} }}
{{ messages }}
{{ tools }} {{ documents }}
{{ messages | tojson }} {{ tools | tojson(indent=2) }} {{ documents | tojson(indent='\t', sort_keys=true) }}
{{ deep | tojson(separators=(',', ':')) }} {{ t | tojson }} {{ {'\u4f60': '\u0001\x7f"\\/'} | tojson }} {{ {'\u4f60': '\U0001f600'} | tojson(ensure_ascii=true) }}
{{ [] | tojson(indent=4) }} {{ {} | tojson(indent=4) }} {{ [[], {}, [1]] | tojson(indent=1) }} {{ {1: 2, none: 3, true: 4, 1.5: 5} | tojson }} {{ (1, 2) | tojson }} {{ missing | tojson }}
{{ range(3) | tojson }}
{{ range(3) }} {{ range(1, 9, 2) }} {{ range(3) == range(0, 3) }} {{ range(3) | list }} {{ range(5)[1:3] }} {{ range(5)[-1] }} {{ 2 in range(3) }} {{ range(3) | length }} {{ range(5, 0, -2) | list }}
{{ deep.items() }} {{ deep.keys() }} {{ deep.values() }} {{ deep.items() | list }} {{ deep | items | list }} {{ deep | length }} {{ deep | list }}
{% for k, v in deep.items() %}{{ k }}={{ v }};{% endfor %}{% for k, v in deep | dictsort %}{{ k }}:{{ loop.index }}{% endfor %}{% for k, v in deep | dictsort(true) %}{{ k }}{% endfor %}{{ {'a': 2, 'b': 1} | dictsort(by='value') }}{{ {'a': 2, 'b': 1} | dictsort(reverse=true) }}
{{ deep.get('zz') }} {{ deep.get('zz', 4) }} {{ deep.get('A', 4) }} {{ deep.b.c[1].d }} {{ deep['b']['c'][0] }} {{ deep.pop is defined }} {{ deep.update is undefined }} {{ deep.get is callable }}
{{ deep.pop('A') }}
{{ items_.append(1) }}
{{ words | sort }} {{ words | sort(true) }} {{ words | sort(case_sensitive=true) }} {{ words | unique | list }} {{ words | unique(true) | list }} {{ words | min }} {{ words | max(case_sensitive=true) }} {{ items_ | sum }} {{ items_ | sort | reverse | list }} {{ [] | min }} {{ [] | sum }}
{{ messages | map(attribute='role') | list }} {{ messages | map(attribute='name', default='none') | join(',') }} {{ words | map('upper') | join('-') }} {{ words | map('replace', 'p', 'q') | list }} {{ words | map('length') | sum }}
{{ messages | selectattr('role', 'equalto', 'user') | list | length }} {{ messages | selectattr('tool_calls') | list | length }} {{ messages | selectattr('tool_calls', 'defined') | map(attribute='role') | list }} {{ messages | rejectattr('role', 'in', ['user', 'tool']) | map(attribute='role') | join }} {{ items_ | select('gt', 1) | list }} {{ items_ | reject('odd') | list }} {{ [0, 1, '', 'a'] | select | list }}
{% if messages | selectattr('role', 'equalto', 'nobody') %}true{% else %}false{% endif %}{{ (messages | selectattr('role', 'equalto', 'user') | first).content if messages else '' }}
{{ (messages | selectattr('role', 'eq', 'user')) | length }}
{{ (messages | selectattr('role', 'eq', 'user')) | last }}
{% set g = [1, 2] | select %}{{ g | list }}{{ g | list }}{{ g is iterable }}{{ g is sequence }}
{{ messages | sum(attribute='n') if not messages }} {{ [{'a': 1}, {'a': 2}] | sum(attribute='a') }} {{ [{'a': 1}, {'a': 2}] | sum('a', 10) }} {{ [{'a': {'b': 2}}, {'a': {'b': 1}}] | sort(attribute='a.b') }} {{ [{'a': 2, 'b': 1}, {'a': 1, 'b': 2}, {'a': 1, 'b': 1}] | sort(attribute='a,b') }} {{ [[2, 'b'], [1, 'c']] | map(attribute=1) | list }} {{ [[2, 'b'], [1, 'c']] | map(attribute='0') | list }}
{{ [1, 2, 3, 4, 5] | batch(2) | list }} {{ [1, 2, 3] | batch(2, 'x') | list }} {{ [1, 2, 3, 4, 5] | slice(3) | list }} {{ [1, 2, 3, 4] | slice(3, 0) | list }} {% for k, g in messages | groupby('role') %}{{ k }}{{ g | length }};{% endfor %}{% for g in messages | groupby('role') %}{{ g[0] }}{% endfor %}
{{ 'hello world foo' | title }} {{ "it's a-b (c) [d" | title }} {{ "it's a-b".title() }} {{ 'hELLO' | capitalize }} {{ 'hELLO'.capitalize() }} {{ 'aBc'.swapcase() }} {{ '\u00df' | upper }} {{ '\u01c6x'.title() }}
{{ t.upper() }} {{ t.split() }} {{ 'a,b,,c'.split(',') }} {{ 'a,b,,c'.split(',', 1) }} {{ 'a,b,,c'.rsplit(',', 1) }} {{ '  a  b c '.split(none, 1) }} {{ '  a  b c '.rsplit(none, 1) }} {{ ''.split() }} {{ ''.split(',') }} {{ 'a\nb\r\nc\n'.splitlines() }} {{ 'a\n\nb'.splitlines(true) }}
{{ 'aXbXc'.replace('X', '--', 1) }} {{ 'aXbX' | replace('X', '') }} {{ 'abc' | replace('', '-') }} {{ 'abc'.replace('', '-', 2) }} {{ 12 | replace(1, 'x') }} {{ 'aaa' | replace('a', 'b', 2) }}
{{ 'abcabc'.find('c') }} {{ 'abcabc'.rfind('c') }} {{ 'abc'.find('z') }} {{ 'abcabc'.count('bc') }} {{ 'aaa'.count('aa') }} {{ 'abc'.count('') }} {{ '\u4f60\u597da'.find('a') }} {{ 'abc'.index('b') }} {{ [1, 2, 1].count(1) }} {{ [1, 2, 1].index(2) }} {{ (1, 2).index(2) }}
{{ 'abc'.index('z') }}
{{ '-'.join(['a', 'b']) }} {{ ', '.join(words) }} {{ 'abc'.startswith(('x', 'a')) }} {{ 'abc'.endswith('c') }} {{ 'abc'.startswith('b', 1) }} {{ 'xxaxx'.strip('x') }} {{ 'abcba'.lstrip('ab') }} {{ 'abcba'.rstrip('ab') }} {{ 'prefix'.removeprefix('pre') }} {{ 'x.py'.removesuffix('.py') }} {{ 'a=b=c'.partition('=') }} {{ 'a=b=c'.rpartition('=') }} {{ 'abc'.partition('z') }}
{{ '-'.join([1]) }}
{{ '12'.isdigit() }} {{ 'ab'.isalpha() }} {{ 'a1'.isalnum() }} {{ ' '.isspace() }} {{ 'a'.islower() }} {{ 'A1'.isupper() }} {{ ''.isdigit() }} {{ 'a' is lower }} {{ 'A' is upper }} {{ '\u4f60'.isalpha() }} {{ '\u00b2'.isdigit() }} {{ '\u00b2'.isdecimal() }}
{{ 'a'.ljust(3) }}| {{ 'a'.rjust(3, '*') }} {{ 'a'.center(4, '-') }} {{ 'ab'.center(5, '-') }} {{ '-5'.zfill(4) }} {{ 'ab' | center(6) }}|
{{ '%s is %d, %.2f, %5s|%-5s|%05d %x %r %%' % ('a', 3, 2.5, 'b', 'c', 42, 255, 'q') }} {{ '%s' % 'x' }} {{ '%(a)s' % {'a': 1} }} {{ '%s-%s' | format('a', 1) }} {{ '%+d % d %e %g' % (1, 2, 12345.678, 0.0001) }}
{{ '{} {1}'.format(1) }}
{{ '{} {}'.format('a', 1) }} {{ '{0}{1}{0}'.format('a', 'b') }} {{ '{x}!'.format(x=none) }} {{ '{:>5}|{:<5}|{:^5}|{:05d}|{:.2f}|{:,}|{:x}|{!r}|{{}}'.format('a', 'b', 'c', 42, 3.14159, 1234567, 255, 'q') }} {{ '{:5}|{:5}'.format('a', 1) }} {{ '{:%}'.format(0.25) }} {{ '{:*^7}'.format('a') }}
{{ 'a\nb\n\nc' | indent }}|{{ 'a\nb\n\nc' | indent(2, true) }}|{{ 'a\n\nb' | indent(2, blank=true) }}|{{ 'a\nb' | indent('>> ') }}|{{ 'a\n' | indent }}|{{ '' | indent(2, true) }}
{{ 42.9 | int }} {{ '42' | int }} {{ '42.9' | int }} {{ 'x' | int }} {{ 'x' | int(5) }} {{ 'ff' | int(base=16) }} {{ '0xff' | int(base=16) }} {{ ' 12 ' | int }} {{ none | int }} {{ true | int }} {{ '1_0' | int }} {{ '3' | float }} {{ 'x' | float }} {{ 'x' | float(1.5) }} {{ '1e3' | float }} {{ 3 | float }} {{ '.5' | float }} {{ '5.' | float }} {{ 'inf' | float }} {{ '-7' | int }} {{ -3 | abs }} {{ -2.5 | abs }}
{{ 2.5 | round }} {{ 3.5 | round }} {{ 2.567 | round(2) }} {{ 2.1 | round(method='ceil') }} {{ 2.9 | round(0, 'floor') }} {{ 42 | round }} {{ 1234 | round(-2) }} {{ 2.675 | round(2) }} {{ 2.511 | round(1, 'ceil') }}
{{ 'a b  c-d e_f' | wordcount }} {{ 'foo bar baz qux' | truncate(9) }} {{ 'foo bar baz qux' | truncate(9, true) }} {{ 'foo bar baz qux' | truncate(11) }} {{ 'a&b /c' | urlencode }}
{{ '<a href="x">' | e }} {{ ('<b>' | safe) + '<i>' }} {{ '<i>' + ('<b>' | safe) }} {{ ('<b>' | safe) ~ '<i>' }} {{ '<' | escape | length }} {{ messages | tojson | safe }} {{ ('a' | safe) is string }} {{ ('<' | e).upper() + '<' }}
{{ missing }}{{ missing | default('d') }}{{ none | default('d') }}{{ none | d('e', true) }}{{ missing.x is defined if false }}{{ deep.zz is defined }}{{ deep.zz.y is defined if deep.zz }}{{ missing | length }}{{ missing | list }}{{ missing == missing2 }}{{ missing == '' }}{{ not missing }}{{ missing ~ 'x' }}
{{ missing.x }}
{{ deep.zz.y }}
{{ missing + 1 }}
{{ missing() }}
{{ missing > 1 }}
{{ missing | upper }} {{ missing | trim }} {{ missing | join }} {{ missing | string }} {{ missing | first }} {{ missing | tojson }}
{{ missing | int }}
{{ 1 < 2 < 3 }} {{ 1 < 3 > 2 }} {{ 3 > 2 > 2 }} {{ 1 == 1.0 == true }} {{ 'a' < 'b' <= 'b' }} {{ [1, 2] < [1, 3] }} {{ (1,) < (1, 2) }} {{ 'a' in 'abc' in ['abc'] }} {{ 1 not in [2] }} {{ not 1 in [2] }} {{ none in [none] }} {{ 'b' in deep }} {{ 'b' in deep.keys() }} {{ 1 in deep.values() }} {{ ('A', 1) in deep.items() }} {{ '\u00e9' == 'e\u0301' }} {{ [1] == (1,) }} {{ 1 != 2 }} {{ {'a': [1]} == {'a': [1.0]} }}
{{ 1 < 'a' }}
{{ none < 1 }}
{{ 1 in 'a' }}
{{ 'abc'[0] }}{{ 'abc'[-1] }}{{ 'abc'[9] }}{{ 'abc'[1:] }}{{ 'abc'[::-1] }}{{ 'a\u4f60b'[1] }}{{ 'a\u4f60b'[::-1] }}{{ 'a\u4f60b'[1:2] }}{{ 'abc'[:-1] }}{{ [1, 2, 3][::2] }}{{ [1, 2, 3][-2:] }}{{ (1, 2, 3)[1:] }}{{ [1, 2, 3][5:] }}{{ [1, 2, 3][2:0:-1] }}{{ [1, 2, 3].0 }}{{ [1, 2][none:1] }}{{ [1][true] }}{{ deep['zz'] }}{{ 1[0] }}{{ none['a'] }}
{{ [1, 2, 3][::0] }}
{{ undefinedname[1:] }}
{{ 1 is integer }}{{ 1.0 is integer }}{{ true is integer }}{{ 1.0 is float }}{{ 1 is number }}{{ true is number }}{{ true is boolean }}{{ none is none }}{{ 'a' is string }}{{ [] is sequence }}{{ {} is sequence }}{{ 1 is sequence }}{{ {} is mapping }}{{ [] is iterable }}{{ 'a' is iterable }}{{ 1 is iterable }}{{ range is callable }}{{ missing is callable }}{{ 3 is odd }}{{ 4 is even }}{{ 9 is divisibleby 3 }}{{ 9 is divisibleby(2) }}{{ 1 is eq 1 }}{{ 1 is equalto(2) }}{{ 1 is lt 2 }}{{ 3 is gt(2) }}{{ 1 is in [1] }}{{ 1 is not in [1] }}{{ 1 is sameas 1 }}{{ true is true }}{{ 1 is true }}{{ false is false }}{{ 'x' is not string }}{{ 'upper' is filter }}{{ 'odd' is test }}{{ deep.items() is sequence }}{{ deep.items() is iterable }}{{ missing is sequence }}{{ missing is iterable }}{{ missing is string }}{{ 3 is ne 4 }}{{ 'a' is escaped }}
{{ not 1 is odd }} {{ 1 is odd and 2 is even }} {{ 1 + 2 is odd }} {{ 'a' ~ 1 is odd }} {{ -1 is odd }} {{ 2 is divisibleby 2 and true }} {{ [1, 2] | length is even }} {{ 'x' if n is defined else 'y' }} {{ n is defined and n > 3 }} {{ 5 is gt 3 and 1 }}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set (c, d) = [3, 4] %}{{ c }}{{ d }}{% set e = 1, 2 %}{{ e }}{% for x, (y, z) in [(1, (2, 3))] %}{{ x }}{{ y }}{{ z }}{% endfor %}{% for a, b in ['xy', 'zw'] %}{{ a }}{{ b }}{% endfor %}
{% set a, b = 1 %}
{% set a, b = [1, 2, 3] %}
{% set x %}  a {{ 1 + 1 }}
  b{% endset %}[{{ x }}]{% set y | upper | trim %} abc {% endset %}[{{ y }}]{% set z = x %}{{ z is string }}
{% filter upper %}a{{ t }}b{% endfilter %}{% filter replace('a', 'b') | trim %} aaa {% endfilter %}
{% macro f(a, b=2, c=a) %}[{{ a }},{{ b }},{{ c }}]{% endmacro %}{{ f(1) }}{{ f(1, 3) }}{{ f(b=4, a=5) }}{{ f() }}{{ f(1, c=none) }}{{ f.name }}
{% macro f(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, 2, 3, x=4) }}{{ f() }}{{ f(*[1, 2], **{'q': 'r'}) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(1, 2) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(b=1) }}
{% macro f(a) %}<{{ caller(a, 2) }}>{% endmacro %}{% call(x, y=3) f(1) %}{{ x }}{{ y }}{{ n }}{% endcall %}{% call(x) f(9) %}{{ x }}{% endcall %}
{% macro f() %}<{{ caller() }}>{% endmacro %}{% call f() %} in {{ t }} {% endcall %}{{ f() }}
{% macro f() %}x{% endmacro %}{% call f() %}a{% endcall %}
{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(5) }}{% macro g(v) %}{% if v is mapping %}{ {% for k, w in v.items() %}{{ k }}: {{ g(w) }}{{ ', ' if not loop.last }}{% endfor %} }{% elif v is iterable and v is not string %}[{% for w in v %}{{ g(w) }} {% endfor %}]{% else %}{{ v }}{% endif %}{% endmacro %}{{ g(deep) }}{{ g(tools) if tools }}
{% set q = 1 %}{% macro f() %}{{ q }}{{ r }}{% set q = 5 %}{{ q }}{% endmacro %}{% set r = 2 %}{{ f() }}{% set q = 3 %}{{ f() }}{{ q }}
{% macro f(x) %}{% set y = x %}{{ y }}{% endmacro %}{% for m in messages %}{{ f(m.role) }}{% endfor %}{{ y }}
{% set ns = namespace(a=1, b='x') %}{% set ns.c = [1] %}{{ ns.a }}{{ ns.c }}{{ ns['b'] }}{{ ns.zz is defined }}{% for i in [1, 2] %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}{{ ns }}{% set ns2 = namespace({'k': 1}, j=2) %}{{ ns2.k }}{{ ns2.j }}{{ namespace() == namespace() }}{{ ns == ns }}
{% set ns = namespace() %}{% set ns._x = 1 %}
{% set n.x = 1 %}
{% set d = dict(a=1, b=2) %}{{ d }}{{ dict({'x': 1}, y=2) }}{{ dict([('a', 1)]) }}{{ d.a }}
{% for i in [1, 2, 3] %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }}{{ loop.cycle('a', 'b') }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.changed(i // 2) }};{% endfor %}
{% for i in [] %}x{% else %}empty{% endfor %}{% for i in [1, 2, 3, 4] if i is even %}{{ loop.index }}{{ i }}{% else %}none{% endfor %}{% for i in [1] if i > 5 %}x{% else %}none{% endfor %}{% for i in missing %}{% else %}e{% endfor %}{% for c in 'a\u4f60' %}{{ c }}.{% endfor %}{% for k in deep %}{{ k }}{% endfor %}
{% for i in range(10) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}{% for i in [1, 2] %}{% for j in [1, 2, 3] %}{% if j == 2 %}{% break %}{% endif %}{{ i }}{{ j }}{% endfor %}{% endfor %}
{% for x in [{'n': 1, 'c': [{'n': 2, 'c': [{'n': 3}]}]}, {'n': 4}] recursive %}{{ x.n }}:{{ loop.depth }}{% if x.c %}({{ loop(x.c) }}){% endif %}{% endfor %}
{% for i in 5 %}{% endfor %}
{% for i in [1] %}{{ loop([1]) }}{% endfor %}
{% for a, b in [1, 2] %}{% endfor %}
{% if false %}{{ missing.x.y }}{% include 'a' %}{% elif none %}b{% elif [] %}c{% else %}d{% endif %}{{ 'a' if false }}{{ 'a' if 0 else 'b' if '' else 'c' }}{{ ('a' if false) is defined }}
{% with a = 1, b = 2 %}{{ a }}{{ b }}{% set a = 5 %}{{ a }}{% endwith %}{{ a }}{% with %}x{% endwith %}
{% raw %}{{ x }} {% if %}{% endraw %}|  {%- raw -%}  a  {%- endraw -%}  b
a
  {% raw %}
 b {{
  {% endraw %}
c
{% generation %}
a{{ n }}{% set q = 1 %}
{% endgeneration %}
b{{ q }}
a {# comment #} b {#- c -#} d
  {#+ x #}
e
x
  {%- if true %}  y  {% endif -%}
 z {{- 1 -}} w {%+ if true +%}
 v{% endif %}
{{ strftime_now('%Y-%m-%d') | length }} {{ strftime_now('%d %b %Y') is string }}
{{ raise_exception('bad: ' ~ n) }}
{% print 1 %}{% print t, n %}
{{ "a" "b" 'c' }}{{ 'a\'b"\\\n\x41\u00e9\101\q' }}{{ 0x1F }}{{ 1_000 }}{{ 0b11 }}{{ 0o17 }}{{ 1_0.5 }}{{ 'a\
b' }}
{{ 'a\'b' ~ ["a'b", 'a"b', 'a\'"b', '\n\t\\', '\u00e9\u200b\x00\x7f\U0001f600\u00a0'] }}
{{ t | upper | lower | capitalize }}{{ -1 | abs }}{{ (-1) | abs }}{{ 1 + -1 | abs }}{{ - 2 }}{{ +3 }}{{ --2 }}{{ not not true }}{{ 2 * 3 + 4 * 5 - 6 / 2 }}{{ 2 + 3 ~ 4 }}{{ 2 ** 3 ** 2 }}{{ 10 - 2 - 3 }}{{ 100 / 10 / 2 }}
{{ [1, [2, [3]]] | tojson }}{{ [3, 1] | first }}{{ 'xyz' | last }}{{ [1, 2] | last }}{{ [] | first }}{{ {'a': 1} | first }}{{ {'a': 1} | last }}{{ [1, 2] | reverse | list }}{{ 'abc' | reverse }}{{ [1, 2] | join }}{{ {'a': 1, 'b': 2} | join(',') }}{{ 'abc' | list }}{{ 'abc' | join('-') }}
{{ ('a', 'b') }} {{ (1) }} {{ () }} {{ (1,) }} {{ [] }} {{ {} }} {{ [[]] }} {{ 1, 2 }}
{{ {'a': 1}.a }} {{ {'items': 5}['items'] }} {{ {'items': 5}.items is callable }} {{ {'get': 1}['get'] }} {{ 'abc'.upper is callable }} {{ 'abc'['upper']() }} {{ deep['get']('A') }} {{ {'a': {'b': 1}}['a'].b }}
{{ '' or 'a' }}{{ 0 or [] or 'x' }}{{ 1 and 0 and 2 }}{{ 'a' and 'b' }}{{ none and missing.x }}{{ true or missing.x }}
{{ words | map('first') | list }} {{ [[1, 2], [3]] | map('sum') | list }} {{ ['a', 'b'] | map('tojson') | join }} {{ [' a '] | map('trim') | list }} {{ ['1', 'x'] | map('int', 7) | list }} {{ messages | map(attribute='content') | map('string') | map('length') | list }}
{{ messages | map('nofilter') | list if messages }}
{{ messages | selectattr('role', 'notest') | list if messages }}
{{ 5 | length }}
{{ none | length }}
{{ 'a' + 1 }}
{{ 'a' | join(1) }}{{ [1, none, true] | join('|') }}{{ [1.5, 'x'] | join(none) }}
{{ [1] | nofilter }}
{{ 1 // 0 }}
{{ 'x' is nosuchtest }}
{{ {[1]: 2} }}
{{ deep[[1]] }}
{{ 'a' in missing }}{{ missing in [1] }}
{{ missing in 'a' }}
{{ loop }}{{ caller }}{{ self_ }}
"""

def hand():
    """The templates of HAND; a line that does not begin one goes on with the one before it."""
    starts = ("{", "a {#", "x\n")
    out = []
    for line in HAND.strip("\n").split("\n"):
        if line.startswith("{") and not (out and out[-1].count("{% set x %}") > out[-1].count("{% endset %}")) and not (out and out[-1].endswith("\\")) and not (out and "{% raw %}\n" in out[-1] + "\n" and "endraw" not in out[-1]) and not (out and "{% generation %}" in out[-1] and "endgeneration" not in out[-1]):
            out.append(line)
        elif out and (out[-1].startswith("{") or True):
            out[-1] += "\n" + line
    return out + ["a\n  {% raw %}\n b {{\n  {% endraw %}\nc\n", "x\n  {%- if true %}  y  {% endif -%}\n z {{- 1 -}} w {%+ if true +%}\n v{% endif %}\n\n", "a\r\n {% if true %}\r\n b {% endif %}\r\n"]


class Grammar:
    """Random templates over the constructs that conversations are written with."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.vars = ["n", "x", "t", "z", "items_", "deep", "words", "flag", "messages", "tools", "documents", "bos_token", "missing"]

    def pick(self, *options):
        return self.r.choice(options)

    def string(self):
        return self.pick("''", "'a'", "'user'", "'a b'", "\"it's\"", "'\\n'", "'<x>'", "'role'", "'content'", "'\u4f60'", "' pad '", "'A,b,C'", "'b'")

    def atom(self):
        return self.r.choice([lambda: self.pick("0", "1", "2", "-1", "3", "1.5", "true", "false", "none"), self.string, lambda: self.r.choice(self.vars), lambda: self.pick("messages[0]", "messages[-1]", "deep.b", "deep['A']", "words[1]", "items_[0]", "messages[0].role", "messages[0]['content']", "deep.b.c", "range(3)")])()

    def expression(self, depth=3):
        if depth == 0:
            return self.atom()
        e = lambda: self.expression(depth - 1)
        k = self.r.randrange(20)
        if k < 4: return self.atom()
        if k == 4: return f"({e()} {self.pick('+', '-', '*', '//', '%', '/', '+', '~', '~', '~')} {e()})"
        if k == 5: return f"{e()} {self.pick('==', '!=', '<', '>', '<=', 'in', 'not in')} {e()}"
        if k == 6: return f"({e()} {self.pick('and', 'or')} {e()})"
        if k == 7: return f"(not {e()})"
        if k == 8: return f"({e()} if {e()} else {e()})"
        if k == 9: return f"[{', '.join(e() for _ in range(self.r.randrange(4)))}]"
        if k == 10: return "{" + ", ".join(f"{self.string()}: {e()}" for _ in range(self.r.randrange(3))) + "}"
        if k == 11: return f"({e()} is {self.pick('', 'not ')}{self.pick('defined', 'undefined', 'none', 'string', 'mapping', 'number', 'iterable', 'sequence', 'boolean', 'integer', 'true', 'odd', 'in [1, 2]', 'eq 1', 'float', 'divisibleby 2')})"
        if k == 12: return f"{self.r.choice(self.vars + [self.string()])}[{self.pick('0', '-1', '1:', ':1', '::-1', '::2', repr('role'), repr('b'), '5', '-2:', '1:2')}]"
        if k == 13: return f"{self.pick('t', repr('aXbX'), repr(' a b '), 'words[0]', 'messages[0].content')}.{self.pick('strip()', 'upper()', 'split()', 'lower()', 'replace(%r, %r)' % ('a', 'b'), 'startswith(%r)' % 'a', 'split(%r)' % ' ', 'title()', 'find(%r)' % 'b', 'rstrip()', 'splitlines()', 'endswith(%r)' % 'c', 'lstrip(%r)' % 'a', 'count(%r)' % 'a', 'join(words)', 'rsplit(%r, 1)' % ' ')}"
        if k == 14: return f"{self.pick('deep', 'messages[0]', 'deep.b')}.{self.pick('get(%r)' % 'A', 'items()', 'keys() | list', 'get(%r, 1)' % 'zz', 'values() | list', 'c')}"
        return f"({e()} | {self.filter(depth - 1)})"

    def filter(self, depth):
        e = lambda: self.expression(min(depth, 1))
        return self.r.choice([
            lambda: self.pick("trim", "upper", "lower", "title", "capitalize", "length", "string", "list", "first", "last", "int", "float", "tojson", "tojson", "abs", "round", "sum", "sort", "unique | list", "reverse | list", "safe", "e", "items | list", "min", "max", "count", "wordcount", "indent", "dictsort", "join"),
            lambda: f"default({e()})", lambda: f"default({e()}, true)", lambda: f"join({self.string()})", lambda: f"replace({self.string()}, {self.string()})",
            lambda: f"tojson(indent={self.pick('1', '2', '4', 'none')})", lambda: "tojson(sort_keys=true)", lambda: f"map(attribute={self.pick(repr('role'), repr('content'), '0')}) | list",
            lambda: f"selectattr({self.pick(repr('role'), repr('content'))}, {self.pick(repr('equalto'), repr('ne'), repr('=='))}, {self.string()}) | list", lambda: f"selectattr({self.pick(repr('role'), repr('tool_calls'))}{self.pick('', ', ' + repr('defined'))}) | list",
            lambda: f"rejectattr({self.pick(repr('role'), repr('tool_calls'))}{self.pick('', ', ' + repr('undefined'))}) | list", lambda: f"map({self.pick(repr('upper'), repr('length'), repr('string'), repr('trim'), repr('tojson'))}) | list",
            lambda: f"select({self.pick(repr('string'), repr('odd'), repr('defined'), repr('gt') + ', 1')}) | list", lambda: f"reject({self.pick(repr('string'), repr('none'))}) | list", lambda: f"batch({self.pick('1', '2', '3')}) | list", lambda: f"slice({self.pick('1', '2')}) | list",
            lambda: f"indent({self.pick('2', '4, true', repr('> '))})", lambda: f"round({self.pick('1', '2')})", lambda: f"sort(attribute={self.pick(repr('role'), '0')})", lambda: f"truncate({self.pick('5', '9, true')})", lambda: f"center({self.pick('9', '4')})", lambda: f"groupby({self.pick(repr('role'), '0')})",
        ])()

    def sign(self):
        return self.pick("", "", "", "-")

    def text(self):
        return self.pick("", " ", "\n", "a", " b\n", "\n  ", "<|im_start|>", "\n\n", "x ")

    def block(self, inside):
        a, b = "{%" + self.sign(), self.sign() + "%}"
        return f"{a} {inside} {b}"

    def statement(self, depth, in_loop=False):
        k = self.r.randrange(13)
        body = lambda loop=in_loop: self.statements(depth - 1, loop)
        if depth == 0 or k < 4: return "{{" + self.sign() + " " + self.expression() + " " + self.sign() + "}}"
        if k == 4: return self.block(f"set {self.pick('v', 'w', 'n')} = {self.expression()}")
        if k == 5:
            return self.block(f"if {self.expression(2)}") + body() + (self.block(f"elif {self.expression(2)}") + body() if self.r.random() < 0.3 else "") + (self.block("else") + body() if self.r.random() < 0.5 else "") + self.block("endif")
        if k in (6, 7):
            self.vars.append("m")
            out = self.block(f"for m in {self.pick('messages', 'words', 'items_', 'deep', 'range(4)', self.expression(1))}{self.pick('', '', ' if m', ' if not loop is defined')}") + self.pick("", "{{ loop.index }}", "{{ loop.last }}", "{{ m.role }}", "{{ loop.cycle('a', 'b') }}") + body(True) + self.pick("", "", self.block("else") + "e") + self.block("endfor")
            self.vars.remove("m")
            return out
        if k == 8: return self.block("set v") + body() + self.block("endset") + "{{ v }}"
        if k == 9: return self.block(f"filter {self.pick('upper', 'trim', 'indent(2)')}") + body() + self.block("endfilter")
        if k == 10: return self.block(f"macro f(a, b={self.expression(1)})") + "{{ a }}" + body(False) + "{{ b }}" + self.block("endmacro") + "{{ f(" + self.expression(1) + self.pick("", ", b=1", ", 2") + ") }}"
        if k == 11: return self.pick("{#" + self.sign() + " note " + self.sign() + "#}", self.block("set ns = namespace(c=0)") + "{% for i in range(3) %}" + self.block("set ns.c = ns.c + " + self.expression(1)) + "{% endfor %}{{ ns.c }}", self.block("generation") + body() + self.block("endgeneration"), self.block("with v = " + self.expression(1)) + body() + self.block("endwith"))
        return self.block(f"if {self.expression(1)}") + self.block(self.pick("break", "continue")) + self.block("endif") if in_loop else self.text()

    def statements(self, depth, in_loop=False):
        return "".join(self.text() + self.statement(depth, in_loop) for _ in range(self.r.randrange(1, 4))) + self.text()

    def template(self):
        # Fewer templates than parts fail as a whole if they are small.
        return self.statements(self.pick(0, 0, 1, 1, 2, 3))
