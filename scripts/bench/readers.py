"""Readers side by side on one item: seconds, and useful operations against the measured matrix-product peak.

A random model of Llama's or Qwen2's shape with the vocabulary of a real tokenizer; 48 formats of one scenario of 150
words. The readers take turns; the table gives medians.

`exact` keeps its promise only under the MKL_CBWR that `probe run --exact` sets; the others slow down under it too.

Usage: python scripts/bench/readers.py --tokenizer FOLDER [--shape 31M|180M|494M] [--rounds N]
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import transformers
from transformers import PreTrainedModel

from probe.design.axes import parse_variant
from probe.design.items import Item, OptionId
from probe.design.levels import shipped_levels
from probe.engine.choose import trie_reader
from probe.engine.head import project_in_float32
from probe.engine.logprobs import describe_rows
from probe.engine.plain import PlainReader
from probe.engine.trie import needed_nodes
from probe.prompts.pack import Pack
from probe.prompts.plan import TooLong, plan_item
from probe.prompts.style import Asking, prompt_style
from probe.prompts.tokenizer import load_encoder
from probe.prompts.trie import Trie, grow

SHAPES = {
    "31M": ("LlamaConfig", {"hidden_size": 192, "intermediate_size": 512, "num_hidden_layers": 14}, (3, 1)),
    "180M": ("Qwen2Config", {"hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 26}, (9, 3)),
    "494M": ("Qwen2Config", {"hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24}, (14, 2)),
}

SENTENCES = (
    "The river rose again in the night and the lower road is closed until the end of the week.",
    "Anna runs the small ferry that takes the children of the valley to school and back.",
    "Her engine has made a strange noise since Monday, and the mechanic cannot come before Friday.",
    "The council has asked her to go on as long as nothing is plainly broken, because there is no other way across.",
    "One of the fathers, who once worked on ships, says that he would not cross with such an engine.",
    "Another has an examination to take on the other side tomorrow and has already missed it twice.",
    "Nobody has been hurt so far, and the water should begin to fall within the next three days.",
    "Anna has slept badly; she would like somebody else to decide, and she has written to you this morning.",
    "What should she do tomorrow?",
)


def item() -> Item:
    text = " ".join(SENTENCES)
    return Item(
        *("bench/ferry", "bench", "revealed", "choice", "bench/ferry", "bench/ferry", (), text),
        *(OptionId("go"), OptionId("wait"), "Run the ferry as usual tomorrow.", "Leave the ferry tied up for a day."),
    )


def bench_pack(tokenizer: Path) -> Pack:
    """2 orders x 4 label sets x 3 enclosures x 2 cues, in one pack that no budget cuts."""
    encoder, levels = load_encoder(tokenizer, tokenizer.name), shipped_levels()
    moved = itertools.product(("p1", "p2"), ("AB", "12", "ab", "XY"), ("paren", "dot", "colon"), ("answer", "choice"))
    names = [f"order={o},label_set={s},enclosure={e},cue={c}" for o, s, e, c in moved]
    variants = [parse_variant(name, levels) for name in names]
    style = prompt_style(encoder, Asking())
    plan = plan_item(encoder, style, item(), variants, levels, limit=None, budget=2**20)
    assert not isinstance(plan, TooLong)
    return plan.pack


def bench_model(shape: str, vocabulary: int) -> PreTrainedModel:
    name, sizes, (heads, groups) = SHAPES[shape]
    torch.manual_seed(0)
    config = getattr(transformers, name)(
        **sizes,
        vocab_size=vocabulary,
        num_attention_heads=heads,
        num_key_value_heads=groups,
        max_position_embeddings=8192,
        tie_word_embeddings=True,
    )
    model = transformers.AutoModelForCausalLM.from_config(config).eval()
    project_in_float32(model, shape)
    return model


class DenseMask:
    """The same trie in one pass with a 4-D float mask over all pairs of nodes, in the attention that the model has."""

    def __init__(self, model: PreTrainedModel, boundary: np.ndarray) -> None:
        self.model, self.boundary = model, boundary

    @torch.inference_mode()
    def read(self, pack: Pack) -> object:
        """Read every needed node."""
        trie = grow(enumerate(pack.prompts))
        nodes = np.arange(trie.size)
        seen = (nodes[None] <= nodes[:, None]) & (nodes[:, None] < trie.last[None])
        mask = torch.from_numpy(np.where(seen, np.float32(0), np.float32(-np.inf)))[None, None]
        rows = needed_nodes(trie)[0]
        logits = self.model(
            input_ids=torch.from_numpy(trie.tokens)[None],
            position_ids=torch.from_numpy(trie.depths)[None],
            attention_mask=mask,
            use_cache=False,
            logits_to_keep=torch.from_numpy(rows),
        ).logits[0]
        return describe_rows(logits, self.boundary)


def measured_peak() -> float:
    """Floating-point operations a second of the best of several large float32 matrix products."""
    best = 0.0
    for m, k, n in ((2048, 2048, 2048), (1536, 576, 1536), (1536, 1024, 4096), (512, 1024, 16384)):
        a, b = torch.randn(m, k), torch.randn(n, k)
        for _ in range(4):
            started = time.perf_counter()
            torch.nn.functional.linear(a, b)
            best = max(best, 2 * m * k * n / (time.perf_counter() - started))
    return best


def useful_operations(model: PreTrainedModel, trie: Trie) -> float:
    """What no reader of every node can do without: linear layers, attended pairs, the head's needed rows."""
    config = model.config
    inner = sum(
        p.numel() for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n and "lm_head" not in n
    )
    width = config.hidden_size
    pairs = float((trie.depths + 1).sum())
    rows = needed_nodes(trie)[0].size
    return 2 * inner * trie.size + 4 * width * config.num_hidden_layers * pairs + 2 * rows * config.vocab_size * width


def timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--shape", choices=SHAPES, default="180M")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--readers", nargs="+", default=["plain", "dense", "trie"])
    given = parser.parse_args()
    pack = bench_pack(given.tokenizer)
    encoder = load_encoder(given.tokenizer, given.tokenizer.name)
    boundary = encoder.boundary_tokens()
    model = bench_model(given.shape, len(encoder.tokenizer) // 128 * 128 + 128)
    trie = grow(enumerate(pack.prompts))
    alone = grow((row, type(p)(p.input_ids, ())) for row, p in enumerate(pack.prompts))
    work = useful_operations(model, trie)
    size, prompt_tokens = sum(p.numel() for p in model.parameters()), sum(len(p.input_ids) for p in pack.prompts)
    print(f"{given.shape}: {size / 1e6:.0f} M parameters, {torch.get_num_threads()} threads")
    print(f"{len(pack.prompts)} prompts, {prompt_tokens} prompt tokens, {alone.size} trie tokens")
    print(f"{trie.size} with continuations, {needed_nodes(trie)[0].size} rows of logits, {work / 1e9:.0f} useful GFLOP")
    readers = {
        "plain": PlainReader(model, boundary, "bench"),
        "dense": DenseMask(model, boundary),
        "trie": trie_reader(model, "bench", boundary),
        "exact": trie_reader(model, "bench", boundary, exact=True),
    }
    seconds: dict[str, list[float]] = {name: [] for name in given.readers}
    peaks = [measured_peak()]
    for _ in range(given.rounds):
        for name in given.readers:
            seconds[name].append(timed(lambda name=name: readers[name].read(pack)))
        peaks.append(measured_peak())
    peak = float(np.median(peaks))
    print(f"peak {peak / 1e9:.0f} GFLOP/s (from {min(peaks) / 1e9:.0f} to {max(peaks) / 1e9:.0f})")
    for name, took in seconds.items():
        middle = float(np.median(took))
        print(f"{name:8} {middle:8.3f} s (best {min(took):.3f})  {work / middle / peak:6.1%} of peak")


if __name__ == "__main__":
    main()
