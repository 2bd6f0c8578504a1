#!/usr/bin/env python3
"""Writes Fixtures/golden/tasks/: made-up questions in the forms that tasks have, and the log-likelihoods that PyTorch gives to
their choices in the way of EleutherAI's lm-evaluation-harness.

    python3 Tests/Generators/task_golden.py [FOLDER]

Written with torch 2.13.0, transformers 5.23.0 and tokenizers 0.23.3 on the CPU, with the bundled apus-xdan-tiny in float32;
the class is that of random_models.py. Prompts are those of the harness's tasks mmlu_*, hellaswag and winogrande (0.4.13): the
expressions are written out below as its YAML and Python files have them. White space at a context's end moves to the
continuation; the continuation's tokens are those behind as many as the context alone has; BOS comes first, as the tokenizer
has it. What is longer than the model's context loses its beginning: "cut" is expected of the same model with a context of 48.

expected.json: for each file, each question and each choice the log-likelihood and the number of scored tokens; and the
accuracies: acc, acc_norm (by characters) and acc_bytes, each with its standard error, as the harness aggregates them.
"""
import json
import pathlib
import re
import statistics
import sys

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

from random_models import reference

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "Fixtures"
FOLDER = FIXTURES / "models" / "apus-xdan-tiny"
CUT = 48

QUESTIONS = {
    "choices": [
        {"prompt": "The old carpenter gave the silver key to Anna. The key belonged to ", "choices": ["Anna", "the baker", "a horse"], "answer": 0},
        {"prompt": "Mix the garlic and the sugar in a", "choices": [" bowl.", " river.", " very long sentence about bowls."], "answer": "A"},
        {"prompt": "从前，西岭村住着一个茶农，名叫", "choices": ["张石头", "三百公里", "tea"], "answer": 0},
        {"prompt": "一天傍晚，老木匠把那只水晶剑交给张石头，让她送到", "choices": ["小岛去。", "昨天。", "the village.", "abc"], "answer": "b"},
        {"prompt": "Question: 2 + 3 = ?\nAnswer:\n", "choices": ["5", "23", "five hundred"], "answer": 0},
        {"prompt": "The whole order costs ", "choices": ["961 dollars.", "一天傍晚，老木匠"], "answer": 0},
        {"prompt": "", "choices": ["Once upon a time", "Zq xv jk"], "answer": 0},
    ],
    "prompts": [
        {"prompts": ["The cat sat in the sun because the cat", "The cat sat in the sun because the sun"], "continuation": " was warm.", "answer": 1},
        {"prompts": ["张石头把瓶子给了王强，因为张石头", "张石头把瓶子给了王强，因为王强"], "continuation": "需要它。", "answer": "B"},
    ],
    "mmlu": [
        {"question": " Which of these is a fruit? ", "subject": "high_school_biology", "choices": ["stone", "apple", "hammer", "cloud"], "answer": 1},
        {"question": "水在多少度结冰？", "subject": "conceptual_physics", "choices": ["100", "50", "0", "-40"], "answer": "C"},
        {"question": "How many legs has a spider?", "choices": ["eight", "six", "four", "two"], "answer": 0},
    ],
    "hellaswag": [
        {"ind": 1, "activity_label": "Baking a cake", "ctx_a": "A woman stands in a kitchen. She pours flour into a bowl.", "ctx_b": "the Woman",
         "ctx": "unused", "endings": ["throws the bowl at a dog.", "mixes the flour with eggs and sugar.", "drives away in a car.", "sings [title] loudly  to the flour."], "label": "1"},
        {"ind": 2, "activity_label": "Home and Garden", "ctx_a": "[header] How to plant a tree [title] Choose a place. [step] Look for sun  and shade.", "ctx_b": "",
         "ctx": "unused", "endings": ["Dig a hole [substeps] that is wide enough.", "Put the tree in a car.", "Paint the tree blue.", "[step] Eat the tree."], "label": 0},
    ],
    "winogrande": [
        {"sentence": "The bottle did not fit in the basket because the _ was too large.", "option1": "bottle", "option2": "basket", "answer": "1"},
        {"sentence": "王强帮助了张石头，所以_很感谢他。", "option1": "王强", "option2": "张石头", "answer": "2"},
    ],
    "cut": [
        {"prompt": "The old carpenter walked to the village. " * 12 + "Then he came to the ", "choices": ["village", "river by the long road"], "answer": 0},
        {"prompt": "A short one and ", "choices": ["another", "yet another one"], "answer": 1},
    ],
}


def choices(doc):
    return [(doc["prompt"], choice, choice) for choice in doc["choices"]], place(doc["answer"])


def prompts(doc):
    return [(prompt, doc["continuation"], doc["continuation"]) for prompt in doc["prompts"]], place(doc["answer"])


def mmlu(doc):
    c = doc["choices"]
    description = ""
    if "subject" in doc:
        description = "The following are multiple choice questions (with answers) about %s.\n\n" % doc["subject"].replace("_", " ")
    context = description + "%s\nA. %s\nB. %s\nC. %s\nD. %s\nAnswer:" % (doc["question"].strip(), c[0], c[1], c[2], c[3])
    return [(context, " " + letter, letter) for letter in "ABCD"], place(doc["answer"])


def hellaswag(doc):
    def clean(text):
        text = text.strip().replace(" [title]", ". ")
        return re.sub(r"\[.*?\]", "", text).replace("  ", " ")
    context = clean(doc["activity_label"] + ": " + doc["ctx_a"] + " " + doc["ctx_b"].capitalize())
    endings = [clean(ending) for ending in doc["endings"]]
    return [(context, " " + ending, ending) for ending in endings], int(doc["label"])


def winogrande(doc):
    blank = doc["sentence"].index("_")
    target = doc["sentence"][blank + 1:].strip()
    return [(doc["sentence"][:blank] + doc[option], " " + target, target) for option in ["option1", "option2"]], int(doc["answer"]) - 1


def place(answer):
    return answer if isinstance(answer, int) else "ABCD".index(answer.upper())


def pair(tokenizer, context, continuation):
    if context == "":
        bos = tokenizer.token_to_id("<s>")
        return [bos], tokenizer.encode(continuation, add_special_tokens=False).ids
    spaces = len(context) - len(context.rstrip())
    if spaces > 0:
        continuation = context[-spaces:] + continuation
        context = context[:-spaces]
    whole = tokenizer.encode(context + continuation).ids
    context = tokenizer.encode(context).ids
    return context, whole[len(context):]


def log_likelihood(model, context, continuation, limit):
    tokens = (context + continuation)[-(limit + 1):]
    with torch.no_grad():
        logits = model(torch.tensor([tokens[:-1]])).logits[0, -len(continuation):]
    return float(logits.double().log_softmax(-1)[range(len(continuation)), continuation].sum())


def error(values):
    return statistics.stdev(values) / len(values) ** 0.5


def main():
    torch.set_num_threads(1)
    output = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else FIXTURES / "golden" / "tasks"
    keys = json.loads((FOLDER / "config.json").read_text())
    weights = {key: value for file in sorted(FOLDER.glob("model*.safetensors")) for key, value in load_file(file).items()}
    model = reference(keys, False, weights)
    tokenizer = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    assert tokenizer.encode("a").ids[0] == keys["bos_token_id"]
    expected = {}
    for name, docs in QUESTIONS.items():
        read = choices if name == "cut" else globals()[name]
        limit = CUT if name == "cut" else keys["max_position_embeddings"]
        questions = []
        right = {"acc": [], "acc_norm": [], "acc_bytes": []}
        for doc in docs:
            candidates, answer = read(doc)
            pairs = [pair(tokenizer, context, continuation) for context, continuation, _ in candidates]
            sums = [log_likelihood(model, *tokens, limit) for tokens in pairs]
            questions.append({"answer": answer, "logLikelihoods": sums, "tokens": [len(tokens[1]) for tokens in pairs]})
            lengths = {"acc": [1] * len(sums), "acc_norm": [len(text) for _, _, text in candidates],
                       "acc_bytes": [len(text.encode()) for _, _, text in candidates]}
            for metric, values in lengths.items():
                scores = [sum / length for sum, length in zip(sums, values)]
                best = sorted(scores)[-2:]
                assert name == "prompts" or best[1] - best[0] > 1e-3, (doc, metric)
                right[metric].append(int(scores.index(best[1]) == answer))
        expected[name] = {"questions": questions} | {
            metric: [sum(values) / len(values), error(values)] for metric, values in right.items()}
        lines = [json.dumps(doc, ensure_ascii=False) for doc in docs]
        (output / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
        print(name, {metric: sum(values) for metric, values in right.items()}, [len(q["tokens"]) for q in questions])
    (output / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
