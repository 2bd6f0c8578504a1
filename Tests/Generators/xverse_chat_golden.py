#!/usr/bin/env python3
"""Writes Fixtures/golden/xverse_chat.json: what XVERSE's own chat code makes of conversations, as text.

    python3 Tests/Generators/xverse_chat_golden.py

The dense models' code (`_build_chat_input` in modeling_xverse.py) encodes the turns one by one and joins the token ids, the end token
behind answers; the mixtures' format is that of their cards. Both are written out here by what they do; the tokens of a turn stand as its
text, and the end token as its name.
"""
import json
import pathlib

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "Fixtures"
END = "</s>"


def dense(messages):
    """The turns from the last one back; the last one, of the user, opens the answer."""
    text = ""
    for place, message in enumerate(reversed(messages)):
        if message["role"] == "user":
            text = f"Human: {message['content']}\n\n" + ("Assistant: " if place == 0 else "") + text
        else:
            text = f"Assistant: {message['content']}" + END + text
    return text


def mixture(messages):
    """Lower-case roles, a line each; no begin token, the end token after answers."""
    text = ""
    for message in messages:
        text += f"{message['role']}: {message['content']}" + (END if message["role"] == "assistant" else "\n")
    return text + "assistant: "


def turn(role, content):
    return {"role": role, "content": content}


CONVERSATIONS = [
    [turn("user", "Hello")],
    [turn("user", "1 + 1?"), turn("assistant", "2"), turn("user", "and\ntwice that?")],
    [turn("user", "你好"), turn("assistant", "你好！"), turn("user", "再见"), turn("assistant", "再见！"), turn("user", "?")],
]
CASES = [("xverse", dense, messages) for messages in CONVERSATIONS] + [
    ("xverse-moe", mixture, messages) for messages in CONVERSATIONS + [[turn("system", "Be brief.")] + CONVERSATIONS[1]]]
lines = ",\n".join(
    " " + json.dumps({"format": name, "messages": messages, "text": build(messages)}, ensure_ascii=False)
    for name, build, messages in CASES)
(FIXTURES / "golden" / "xverse_chat.json").write_text(f"[\n{lines}\n]\n")
