"""A model with linear attention or states beside a dense one of the same width and depth: the same pack on a CPU.

One question in the formats of a design, in the embedded model's tokens. The one is read forked and plainly, the other
by the trie. CPU seconds of one thread, both taking turns, medians. Two factors explain the ratio: tokens that the
reader computes, against those of the trie, and what the layers take for the same tokens in one ordinary pass. Random
weights cost what trained ones cost.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import page
import torch
import transformers
from question import question_pack
from transformers import PreTrainedModel

from probe.design.axes import load_design
from probe.design.data import PACKAGE
from probe.engine.forked import ForkedReader
from probe.engine.head import project_in_float32
from probe.engine.heap import keep_freed_memory
from probe.engine.load import apply_determinism
from probe.engine.mixers import shorten_chunks
from probe.engine.plain import PlainReader
from probe.engine.reader_choice import trie_reader
from probe.prompts.pack import Engine, Pack
from probe.prompts.trie import split

MODEL = PACKAGE / "demo_model"
SIZE = {
    **{"hidden_size": 512, "intermediate_size": 1536, "num_hidden_layers": 8, "num_attention_heads": 8},
    **{"num_key_value_heads": 2, "head_dim": 64, "vocab_size": 8192, "max_position_embeddings": 4096},
    **{"bos_token_id": None, "eos_token_id": None, "pad_token_id": None},
}
LINEAR = {
    **{"linear_num_value_heads": 8, "linear_num_key_heads": 4},
    **{"linear_key_head_dim": 64, "linear_value_head_dim": 64},
}
STATES = {"mamba_d_ssm": 1024, "mamba_n_heads": 16, "mamba_d_head": 64, "mamba_d_state": 64, "mamba_n_groups": 1}
KINDS: dict[str, tuple[str, dict[str, object]]] = {
    "qwen3_5": ("Qwen3_5TextConfig", LINEAR),
    "falcon_h1": ("FalconH1Config", STATES),
}
DENSE = ("Qwen3Config", {})


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--widths", type=int, nargs="+", default=[512, 1024])
    parser.add_argument("--write", action="store_true", help="put the figures into docs/benchmarks.md")
    given = parser.parse_args()
    apply_determinism()
    keep_freed_memory()
    torch.set_num_threads(1)
    text = measured(given.kinds, given.rounds, given.widths)
    print(text)
    if given.write:
        page.put("hybrid", text)
    return 0


def measured(
    kinds: Sequence[str], rounds: int, widths: Sequence[int], design: str = "standard", words: int = 60
) -> str:
    """The figures of some kinds at some widths as a table, on a question of so many words."""
    pack = question_pack(MODEL, load_design(design).axes, words, budget=4096, system=None)
    nodes = sum(trie.size for trie in split(pack))
    ends = np.arange(SIZE["vocab_size"]) % 3 == 0
    ids = torch.randint(0, 8192, (4, 128), generator=torch.Generator().manual_seed(0))
    lines = []
    for kind, width in itertools.product(kinds, widths):
        dense, model = model_of(DENSE, width), model_of(KINDS[kind], width)
        trie = trie_reader(dense, "dense", ends)
        readers = {"forked": ForkedReader(model, ends, kind), "plain": PlainReader(model, ends, kind)}
        timed = by_turns(
            {
                "trie": partial(trie.read, pack),
                **{name: partial(reader.read, pack) for name, reader in readers.items()},
                "dense layers": partial(ordinary, dense, ids),
                "its layers": partial(ordinary, model, ids),
            },
            rounds,
        )
        layers = timed["its layers"] / timed["dense layers"]
        for name, reader in readers.items():
            passes, tokens = counted(model, reader, pack)
            lines.append(
                [
                    *(f"{kind}, {name}", str(width), str(passes), f"{timed[name]:.2f}", f"{timed['trie']:.2f}"),
                    *(f"{timed[name] / timed['trie']:.2f}", f"{tokens / nodes:.2f}", f"{layers:.2f}"),
                ]
            )
    seconds = ["CPU s", "dense by trie, CPU s", "ratio"]
    head = ["kind, reader", "width", "passes", *seconds, "tokens, times", "layers, times"]
    return page.table(head, lines)


def model_of(kind: tuple[str, dict[str, object]], width: int) -> PreTrainedModel:
    """A model of random weights in float32."""
    name, changes = kind
    torch.manual_seed(0)
    config = getattr(transformers, name)(**{**SIZE, "hidden_size": width, **changes})
    model: PreTrainedModel = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    project_in_float32(model, name)
    shorten_chunks(model)
    return model


@torch.inference_mode()
def ordinary(model: PreTrainedModel, ids: torch.Tensor) -> None:
    """One pass without cache or trie, but for the head."""
    model(input_ids=ids, use_cache=False, logits_to_keep=1)


def counted(model: PreTrainedModel, reader: Engine, pack: Pack) -> tuple[int, int]:
    """Passes and tokens of a reader on a pack, filling included."""
    seen: list[int] = []

    def note(_: object, given: tuple[torch.Tensor, ...], named: dict[str, torch.Tensor]) -> None:
        seen.append((named.get("input_ids") if "input_ids" in named else given[0]).numel())

    hook = model.get_decoder().register_forward_pre_hook(note, with_kwargs=True)
    reader.read(pack)
    hook.remove()
    return len(seen), sum(seen)


def by_turns(what: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Medians of CPU seconds; every function takes its turn in each round, after one that does not count."""
    taken: dict[str, list[float]] = {name: [] for name in what}
    for number in range(rounds + 1):
        for name, function in what.items():
            began = time.process_time()
            function()
            if number:
                taken[name].append(time.process_time() - began)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


if __name__ == "__main__":
    raise SystemExit(main())
