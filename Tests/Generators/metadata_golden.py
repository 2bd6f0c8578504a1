"""What gguf-py writes under general.* for sample directories: Fixtures/golden/metadata.json.

    python Tests/Generators/metadata_golden.py      with gguf of llama-cpp-python 0.3.36 (October 2026), pyyaml
"""

import json
import pathlib
import struct
import tempfile

import gguf

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "Fixtures/models/xverse-moe-tiny"

CARD = """---
license: other
license_name: yi-license
license_link: https://example.org/LICENSE
language:
- en
- zh
tags:
- code
- moe
pipeline_tag: text-generation
base_model: mistralai/Mistral-7B-v0.1
datasets:
- HuggingFaceH4/ultrachat_200k
- https://huggingface.co/datasets/some/thing
library_name: transformers
---
# A model
license: not this one
"""

MERGED = """---
model_name: My Merge
model_creator: Somebody
base_models:
- https://huggingface.co/teknium/OpenHermes-2.5-Mistral-7B
- intel/neural-chat-7b-v3-3
- ./local
- a name of several words
- name: Given
  organization: Org
  version: "2"
  repo_url: https://example.org/given
license: [apache-2.0, mit]
version: "3.1"
description: >
  Several lines
  of text.
url: https://example.org
---
"""

# directory, README.md, _name_or_path, generation_config.json
SAMPLES = [(name, None, None, None) for name in """
    Mixtral-8x7B-Instruct-v0.1 Llama-2-7b-hf llama-2-13b-chat XVERSE-MoE-A4.2B XVERSE-MoE-A4.2B-Chat Qwen3-0.6B
    bloom-7b1 Foo-2M Foo-2M-Chat-v2 tiny-2m-instruct gpt-neo-125m-v1.5-lora Hermes-2-Pro-Mistral-7B-v0.3
    Phi-3-mini-4k-instruct Phi-3-mini-128k-instruct DeepSeek-V2-Lite-Chat WizardLM-70B-V1.0 falcon_rw-1B
    Model-Q4_K_M bert-base-uncased apus-xdan-tiny 7B v2 -x- Qwen1.5-MoE-A2.7B granite-3.0-1b-a400m-base
    xgen-7b-8k-inst gemma-7b-it small-large-xl stablelm-2-1_6b Grok-1 Model-2M-2M-8x2M iter12-chat
""".split()] + [
    ("Foo-2M", CARD, None, None),
    ("Foo-2M-Merge", MERGED, None, None),
    ("Foo-2M-it", "no front matter\n---\nlicense: mit\n---\n", "google/Foo-2M-it", None),
    ("Foo-2M-it", "---\nlicense: apache-2.0\n---\n", "Foo-2M-it",
     {"temperature": 0.6, "top_k": 20, "top_p": 0.95, "repetition_penalty": 1, "do_sample": True, "min_p": 0}),
    ("plain", "", None, {"temperature": 1, "penalty_last_n": 64, "mirostat": 2, "mirostat_tau": 5.0, "sequence": "ktp"}),
]


def parameters():
    count = 0
    for file in MODEL.glob("model*.safetensors"):
        with open(file, "rb") as stream:
            header = json.loads(stream.read(struct.unpack("<Q", stream.read(8))[0]))
        for name, tensor in header.items():
            if name != "__metadata__":
                size = 1
                for dimension in tensor["shape"]:
                    size *= dimension
                count += size
    return count


def main():
    result = []
    total = parameters()
    for name, card, name_or_path, generation in SAMPLES:
        with tempfile.TemporaryDirectory() as folder:
            directory = pathlib.Path(folder) / name
            directory.mkdir()
            config = json.loads((MODEL / "config.json").read_text())
            config.pop("_name_or_path", None)
            if name_or_path:
                config["_name_or_path"] = name_or_path
            (directory / "config.json").write_text(json.dumps(config))
            if card is not None:
                (directory / "README.md").write_text(card)
            if generation is not None:
                (directory / "generation_config.json").write_text(json.dumps(generation))
            metadata = gguf.Metadata.load(None, directory, None, total)
            writer = gguf.GGUFWriter(None, "llama")
            metadata.set_gguf_meta_model(writer)
            keys = {
                key: {"type": value.type.name, "value": value.value}
                for key, value in writer.kv_data[0].items() if key != "general.architecture"
            }
            result.append({"directory": name, "card": card, "nameOrPath": name_or_path, "generation": generation, "keys": keys})
    path = ROOT / "Fixtures/golden/metadata.json"
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    print(len(result), "samples,", total, "parameters")


main()
