"""Writes Fixtures/golden/torch: files of torch.save, the same tensors as safetensors, and files that must be refused.

Needs: torch 2.13.0 (CPU), safetensors. Run from the repository's root: python3 Tests/Generators/torch_golden.py
Nothing in the refused files runs here; they are written, never loaded.
"""
import collections, io, json, os, pickle, shutil, zipfile
import torch
from safetensors.torch import save_file

OUT = "Fixtures/golden/torch"
shutil.rmtree(OUT, ignore_errors=True)
for folder in ["", "/refused", "/protocols", "/bf16", "/bf16-torch", "/fp8", "/fp8-expanded", "/numbers", "/numbers-torch"]:
    os.makedirs(OUT + folder)
torch.manual_seed(20260102)
generator = torch.Generator().manual_seed(20260103)


def normal(*shape):
    return torch.randn(*shape, generator=generator)


def as_safetensors(table, path):
    save_file({name: tensor.detach().clone().contiguous() for name, tensor in table.items()}, path)


# Every element type, and every way in which a tensor can lie in its storage.
types = {}
for dtype in [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2]:
    types[str(dtype)[6:]] = normal(3, 5).to(dtype)
for dtype in [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.uint16, torch.uint32, torch.uint64]:
    types[str(dtype)[6:]] = torch.arange(6).reshape(2, 3).to(dtype)
types["bool"] = torch.tensor([True, False, True])
types["number"] = torch.tensor(2.5)
types["empty"] = torch.zeros(0, 3)
types["雪 é e\u0301"] = torch.ones(1)
types["parameter"] = torch.nn.Parameter(normal(4).to(torch.bfloat16))
torch.save(types, f"{OUT}/types.bin")
as_safetensors(types, f"{OUT}/types.safetensors")

whole = normal(6, 8)
deep = normal(3, 4, 5).to(torch.float16)
views = {
    "whole": whole, "same": whole, "rows": whole[2:5], "columns": whole[:, 1:4], "corner": whole[4:, 6:],
    "transposed": whole.t(), "part transposed": whole[1:4, 2:7].t(), "one row": whole[3], "one": whole[5, 7],
    "deep": deep, "deep transposed": deep.transpose(1, 2), "deep part": deep[1:, :, 1:3], "deep outer": deep.transpose(0, 1),
    "every second row": whole[::2], "one column": whole[:, 2:3], "column": whole[:, 2],
    "spread": deep[:, :, ::2].transpose(0, 2),
    "bytes transposed": normal(7, 9).to(torch.float8_e4m3fn).t(),
}
torch.save(views, f"{OUT}/views.bin")
as_safetensors(views, f"{OUT}/views.safetensors")
torch.save({"a": whole[:1].expand(4, 8)}, f"{OUT}/refused/expanded.bin")

# A module's own table, which carries attributes; each protocol that torch.save takes.
module = torch.nn.Sequential(collections.OrderedDict(first=torch.nn.Linear(3, 4), norm=torch.nn.LayerNorm(4), brain=torch.nn.Linear(4, 2, dtype=torch.bfloat16)))
with torch.no_grad():
    for parameter in module.parameters():
        parameter.copy_(normal(*parameter.shape))
for protocol in range(2, 6):
    torch.save(module.state_dict(), f"{OUT}/protocols/{protocol}.bin", pickle_protocol=protocol)
as_safetensors(module.state_dict(), f"{OUT}/protocols/expected.safetensors")


# What torch.save writes for things that are no tables of tensors.
class Call:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def refused(name, value):
    torch.save(value, f"{OUT}/refused/{name}.bin")


refused("os-system", {"a": torch.ones(1), "b": Call(os.system, "true")})
refused("eval", Call(eval, "1 + 1"))
refused("zip-file", {"a": Call(zipfile.ZipFile, "model.bin")})
refused("load", {"a": Call(torch.load, "model.bin")})
refused("module", torch.nn.Linear(2, 2))
refused("nested-table", {"state_dict": {"a": torch.ones(1)}, "epoch": 3})
refused("list", [torch.ones(1)])
refused("sparse", {"a": torch.eye(2).to_sparse()})
refused("quantized", {"a": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)})
refused("conjugate", {"a": torch.ones(2, dtype=torch.complex64).conj()})
torch.save({"a": torch.ones(1)}, f"{OUT}/refused/legacy.bin", _use_new_zipfile_serialization=False)
torch.jit.script(torch.nn.Linear(2, 2)).save(f"{OUT}/refused/script.bin")

plain = io.BytesIO()
torch.save({"a": torch.arange(4.0)}, plain)
entries = {e.filename: zipfile.ZipFile(plain).read(e) for e in zipfile.ZipFile(plain).infolist()}
folder = next(iter(entries)).split("/")[0]


def archive(name, entries, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(f"{OUT}/{name}.bin", "w", compression) as z:
        for entry, data in entries.items():
            z.writestr(zipfile.ZipInfo(entry), data, compression)


archive("refused/compressed", entries, zipfile.ZIP_DEFLATED)
archive("refused/nested-zip", entries | {f"{folder}/data.pkl": plain.getvalue()})
archive("refused/big-endian", entries | {f"{folder}/byteorder": b"big"})
archive("refused/storage-longer-than-its-file", entries | {f"{folder}/data/0": bytes(12)})
archive("refused/two-pickles", entries | {"other/data.pkl": entries[f"{folder}/data.pkl"]})
archive("by-python", entries)
archive("without-byte-order", {name: data for name, data in entries.items() if "byteorder" not in name})

# The smallest models: one layer, two experts and a shared one.
WIDTH, EXPERT, VOCABULARY = 32, 32, 272
base = json.load(open("Fixtures/models/xverse-moe-tiny/config.json"))
config = base | dict(
    hidden_size=WIDTH, intermediate_size=EXPERT, num_attention_heads=4, num_hidden_layers=1, num_experts=2, num_shared_experts=1,
    moe_top_k=1, vocab_size=VOCABULARY, max_position_embeddings=64, tie_word_embeddings=True)
tokenizer = json.load(open("Fixtures/models/xverse-moe-tiny/tokenizer.json"))
kept = list(tokenizer["model"]["vocab"].items())[:VOCABULARY - 2]
tokenizer["model"]["vocab"] = dict(kept)
tokenizer["model"]["merges"] = [m for m in tokenizer["model"]["merges"] if all(p in dict(kept) for p in (*m, "".join(m)))]
model = {"model.embed_tokens.weight": normal(VOCABULARY, WIDTH), "model.norm.weight": 1 + 0.1 * normal(WIDTH)}
layer = "model.layers.0."
for norm in ["input", "post_attention"]:
    model[f"{layer}{norm}_layernorm.weight"] = 1 + 0.1 * normal(WIDTH)
for matrix in "qkvo":
    model[f"{layer}self_attn.{matrix}_proj.weight"] = normal(WIDTH, WIDTH) / WIDTH**0.5
model[f"{layer}mlp.router.weight"] = normal(2, WIDTH)
for expert in ["experts.0", "experts.1", "shared_experts"]:
    for matrix, shape in [("gate", (EXPERT, WIDTH)), ("up", (EXPERT, WIDTH)), ("down", (WIDTH, EXPERT))]:
        model[f"{layer}mlp.{expert}.{matrix}_proj.weight"] = normal(*shape) / WIDTH**0.5


def write_config(folder, **more):
    json.dump(config | more, open(f"{OUT}/{folder}/config.json", "w"), indent=1)


def shards(table, folder):
    """Two shards and their index, as transformers writes them."""
    names = list(table)
    parts = [names[: len(names) // 2], names[len(names) // 2 :]]
    files = [f"pytorch_model-{n + 1:05}-of-00002.bin" for n in range(2)]
    for part, file in zip(parts, files):
        torch.save({name: table[name] for name in part}, f"{OUT}/{folder}/{file}")
    index = {"metadata": {"total_size": 0}, "weight_map": {n: f for p, f in zip(parts, files) for n in p}}
    json.dump(index, open(f"{OUT}/{folder}/pytorch_model.bin.index.json", "w"))


json.dump(tokenizer, open(f"{OUT}/tokenizer.json", "w"), ensure_ascii=False)
shutil.copy("Fixtures/models/xverse-moe-tiny/tokenizer_config.json", OUT)
brain = {name: tensor.to(torch.bfloat16) for name, tensor in model.items()}
write_config("bf16")
write_config("bf16-torch")
as_safetensors(brain, f"{OUT}/bf16/model.safetensors")
# As old checkpoints have it: the tied output a second name of the same storage, and a buffer that can be recomputed.
shards(brain | {"lm_head.weight": brain["model.embed_tokens.weight"], f"{layer}self_attn.rotary_emb.inv_freq": torch.ones(4)}, "bf16-torch")

# FP8 with a scale for each block of 16 × 24 weights, so that rows and columns have whole and partial ones.
BLOCK = 16, 24
E4M3_MAX = 448.0


def quantized(matrix):
    rows, columns = matrix.shape
    scales = torch.zeros(-(-rows // BLOCK[0]), -(-columns // BLOCK[1]))
    codes = torch.zeros(rows, columns, dtype=torch.float8_e4m3fn)
    expanded = torch.zeros(rows, columns)
    for r in range(scales.shape[0]):
        for c in range(scales.shape[1]):
            block = slice(r * BLOCK[0], (r + 1) * BLOCK[0]), slice(c * BLOCK[1], (c + 1) * BLOCK[1])
            scales[r, c] = matrix[block].abs().max() / E4M3_MAX
            codes[block] = (matrix[block] / scales[r, c]).to(torch.float8_e4m3fn)
            expanded[block] = codes[block].float() * scales[r, c]
    return codes, scales, expanded.to(torch.bfloat16)


fp8, wide = {}, {}
for name, tensor in brain.items():
    if name.endswith("_proj.weight"):
        fp8[name], fp8[name + "_scale_inv"], wide[name] = quantized(tensor.float())
    else:
        fp8[name] = wide[name] = tensor
write_config("fp8", quantization_config=dict(quant_method="fp8", fmt="e4m3", weight_block_size=BLOCK))
write_config("fp8-expanded")
as_safetensors(fp8, f"{OUT}/fp8/model.safetensors")
as_safetensors(wide, f"{OUT}/fp8-expanded/model.safetensors")

# Every code, with each form of scales; and what torch makes of them and of doubles.
every = torch.arange(256, dtype=torch.uint8).view(torch.float8_e4m3fn)
codes = every.repeat(2).reshape(8, 64)[torch.randperm(8, generator=generator)]
stored, expected = {}, {}


def scaled(name, codes, suffix, scales, factors):
    stored[name + ".weight"], stored[name + ".weight" + suffix] = codes, scales
    expected[name + ".weight"] = (codes.float() * factors.float()).to(torch.bfloat16)


scaled("tensor", codes, "_scale", torch.tensor(0.0123), torch.tensor(0.0123))
scaled("one", codes, "_scale", torch.tensor([3.7e-5]), torch.tensor([3.7e-5]))
stored["one.input_scale"] = torch.tensor([1.0])
rows = normal(8, 1).exp()
scaled("rows", codes, "_scale", rows.to(torch.bfloat16), rows.to(torch.bfloat16))
scaled("flat rows", codes, "_scale", rows[:, 0].to(torch.float16), rows.to(torch.float16))
blocks = normal(3, 2).exp()
scaled("blocks", codes, "_scale_inv", blocks, blocks.repeat_interleave(3, 0)[:8].repeat_interleave(40, 1)[:, :64])
stack = codes.view(torch.uint8).reshape(2, 4, 64).view(torch.float8_e4m3fn)
blocks = normal(2, 2, 2).exp()
scaled("stack", stack, "_scale_inv", blocks, blocks.repeat_interleave(3, 1)[:, :4].repeat_interleave(40, 2)[:, :, :64])
stored["plain"] = expected["plain"] = codes.float().to(torch.bfloat16)
ties = [1 + 2.0**-24, 1 + 3 * 2.0**-24, 1 + 2.0**-24 + 2.0**-50, 2.0**-149, 2.0**-150, 2.0**-150 * 1.01, -1e-46, 3.4e38, 0.1, -0.0]
stored["doubles"] = torch.tensor(ties, dtype=torch.float64)
stored["double matrix"] = normal(5, 7).double() * 1e-3 + 1e-12
for name in ["doubles", "double matrix"]:
    expected[name] = stored[name].float()
as_safetensors(stored, f"{OUT}/numbers/model.safetensors")
torch.save(stored, f"{OUT}/numbers-torch/pytorch_model.bin")
as_safetensors(expected, f"{OUT}/numbers-torch/expected.safetensors")
