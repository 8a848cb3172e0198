"""The readers on a GPU, with a model of 8 B parameters whose weights are drawn on it: speed, memory, bits.

For each precision and reader: packs a second, useful operations against the measured peak of that precision, peak
memory, how far trie and plain reader are apart, and whether a second reading gives the same bits. A pack stands for one
scenario in 64 formats of 250 tokens. Without a GPU, or with `--small`, the same on the CPU with a tiny model.

`--compile` also compiles the layers' feed-forward parts (on a GPU as CUDA graphs) and tells whether the bits stay;
only then would it be worth offering.

Usage: python scripts/bench/gpu.py [--small] [--packs N] [--precisions bf16 fp32 tf32 nf4] [--compile] [--write]
"""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import page
import psutil
import torch
from bitsandbytes.nn import Linear4bit, Params4bit
from question import drawn_pack
from shapes import measured_peak, parameters, random_model, useful_operations, wait_for
from torch import nn
from transformers import PreTrainedModel

from probe.engine.plain import PlainReader
from probe.engine.reader_choice import trie_reader
from probe.engine.upcast import computing_in_float32
from probe.prompts.pack import Engine, Pack, PromptReading
from probe.prompts.trie import grow

PRECISIONS = ("bf16", "fp32", "tf32", "nf4")
"""bf16 weights throughout: computed natively, in float32, in float32 through TF32, and quantised to four bits."""

LARGE = ((8192, 8192, 8192), (8192, 4096, 14336), (4096, 14336, 4096))
"""Products among which the fastest is a GPU's peak."""

STUDY = 1000
"""Packs of the study whose time is told."""


@dataclass(frozen=True)
class Size:
    """How large everything is."""

    shape: str
    vocabulary: int
    stem: int
    branches: tuple[int, ...]
    block: int
    products: tuple[tuple[int, int, int], ...]


FULL = Size("8B", 128_256, 190, (2,) * 6, 10, LARGE)
SMALL = Size("tiny", 1024, 40, (2,) * 3, 4, ((256, 256, 256),))


@dataclass(frozen=True)
class Row:
    """What one reader did in one precision.

    Attributes:
        precision: One of `PRECISIONS`, or compiled.
        reader: ``trie`` or ``plain``.
        packs_per_second: Packs over seconds of the first pass over all of them.
        share: Useful operations of the trie over time and peak.
        gigabytes: Peak memory, weights included.
        apart: Largest difference from the plain reader in nats.
        same: Whether a second pass gave the same bits.
    """

    precision: str
    reader: str
    packs_per_second: float
    share: float
    gigabytes: float
    apart: float
    same: bool


@contextlib.contextmanager
def computing(model: PreTrainedModel, precision: str) -> Iterator[None]:
    """Let a model compute in a precision; nf4 stays, so it comes last."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    try:
        if precision == "nf4":
            quantise(model)
        with computing_in_float32(model) if precision in ("fp32", "tf32") else contextlib.nullcontext():
            yield
    finally:
        torch.set_float32_matmul_precision(before)


def quantise(model: PreTrainedModel) -> None:
    """Put four-bit layers in the place of the inner linear layers, made from their weights where they are."""
    head = model.get_output_embeddings()
    for parent in list(model.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, nn.Linear) and not isinstance(layer, Linear4bit) and layer is not head:
                four = Linear4bit(
                    *(layer.in_features, layer.out_features, layer.bias is not None),
                    compute_dtype=layer.weight.dtype,
                    compress_statistics=True,
                    quant_type="nf4",
                )
                four.bias = layer.bias
                weight = Params4bit(layer.weight.data, requires_grad=False, quant_type="nf4", compress_statistics=True)
                four.weight = weight.to(layer.weight.device)
                setattr(parent, name, four.eval())


@contextlib.contextmanager
def compiled(model: PreTrainedModel, device: str) -> Iterator[None]:
    """Compile the feed-forward parts for a while."""
    layers = model.get_decoder().layers
    kept = [layer.mlp for layer in layers]
    mode = "reduce-overhead" if device == "cuda" else "default"
    for layer in layers:
        layer.mlp = torch.compile(layer.mlp, mode=mode)
    try:
        yield
    finally:
        for layer, mlp in zip(layers, kept, strict=True):
            layer.mlp = mlp


def read_all(reader: Engine, packs: Sequence[Pack], device: str) -> tuple[list[tuple[PromptReading, ...]], float]:
    """Readings of all packs and the seconds that they took."""
    wait_for(device)
    started = time.perf_counter()
    found = [reader.read(pack) for pack in packs]
    wait_for(device)
    return found, time.perf_counter() - started


def apart(one: list[tuple[PromptReading, ...]], other: list[tuple[PromptReading, ...]]) -> float:
    """Largest difference of any continuation's log-probability."""
    pairs = ((a, b) for p, q in zip(one, other, strict=True) for a, b in zip(p, q, strict=True))
    return max(float(np.abs(np.subtract(a.logprobs, b.logprobs)).max()) for a, b in pairs)


def peak_memory(device: str) -> float:
    """Most bytes held on a GPU since the last call; of a CPU what the process holds now."""
    if device != "cuda":
        return float(psutil.Process().memory_info().rss)
    found = float(torch.cuda.max_memory_allocated())
    torch.cuda.reset_peak_memory_stats()
    return found


def measure(size: Size, device: str, precisions: Sequence[str], count: int, *, compile_too: bool) -> Iterator[Row]:
    """All rows, precision by precision."""
    model = random_model(size.shape, size.vocabulary, torch.bfloat16, device)
    packs = [drawn_pack(n, size.vocabulary, size.stem, size.branches, size.block, 4096) for n in range(count)]
    work = sum(useful_operations(model, grow(enumerate(pack.prompts))) for pack in packs)
    boundary = np.arange(size.vocabulary) % 3 == 0
    print(f"{size.shape}: {parameters(model) / 1e9:.2f} B parameters on {device}, {count} packs", flush=True)
    readers = {"plain": PlainReader(model, boundary, "bench"), "trie": trie_reader(model, "bench", boundary)}

    def row(
        precision: str, name: str, peak: float, against: list[tuple[PromptReading, ...]] | None
    ) -> tuple[Row, list]:
        readers[name].read(packs[0])
        peak_memory(device)
        found, seconds = read_all(readers[name], packs, device)
        memory = peak_memory(device)
        again, _ = read_all(readers[name], packs, device)
        far = apart(found, against or found)
        return Row(precision, name, count / seconds, work / seconds / peak, memory / 1e9, far, found == again), found

    for precision in sorted(precisions, key=PRECISIONS.index):
        with computing(model, precision):
            dtype = torch.float32 if precision in ("fp32", "tf32") else torch.bfloat16
            peak = measured_peak(dtype, device, size.products)
            plain, told = row(precision, "plain", peak, None)
            yield plain
            shared, natively = row(precision, "trie", peak, told)
            yield shared
            if compile_too and precision == "bf16":
                with compiled(model, device):
                    yield row("bf16 compiled, against not", "trie", peak, natively)[0]


def told(rows: Sequence[Row]) -> str:
    """The table."""
    head = ["precision, reader", "packs a second", f"{STUDY:,} packs, s", "share of peak", "memory, GB", "apart, nats"]
    lines = [
        [
            f"{row.precision}, {row.reader}",
            f"{row.packs_per_second:.2f}",
            f"{STUDY / row.packs_per_second:.0f}",
            f"{row.share:.0%}",
            f"{row.gigabytes:.1f}",
            f"{row.apart:.1g}",
            "yes" if row.same else "no",
        ]
        for row in rows
    ]
    return page.table([*head, "same bits twice"], lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="a tiny model on the CPU")
    parser.add_argument("--packs", type=int, default=20)
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=PRECISIONS)
    parser.add_argument("--compile", action="store_true", help="also with compiled feed-forward parts")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    given = parser.parse_args()
    small = given.small or not torch.cuda.is_available()
    size, device = (SMALL, "cpu") if small else (FULL, "cuda")
    rows = list(measure(size, device, given.precisions, given.packs, compile_too=given.compile))
    print(told(rows))
    if given.write:
        page.put("gpu", told(rows))


if __name__ == "__main__":
    main()
