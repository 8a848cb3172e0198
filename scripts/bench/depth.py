"""What reading after every layer adds to the time of its cells: both sides in one run, CPU seconds, in turns.

A block of cells, as `--depth` reads it: one scenario in four formats, option order crossed with labels. Once a
study's reader reads the pack, once it is read after every layer (what follows the labels is not asked there, the head
at further layers is added). Medians of the rounds; exits 1 above the bound.

Usage: python scripts/bench/depth.py --model FILE or FOLDER [--rounds N] [--write]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import page
import torch
from question import SYSTEM, counts, question_pack

from probe.design.models import ModelSpec
from probe.engine.depth import LayerReader
from probe.engine.load import loaded
from probe.engine.precision import Precision
from probe.engine.reader_choice import trie_reader
from probe.prompts.tokenizer import load_encoder
from probe.study.sources import resolve_source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from probe.engine.load import LoadedModel
    from probe.prompts.pack import Pack

CROSSED: dict[str, tuple[str, ...]] = {"order": ("p1", "p2"), "label_order": ("p1", "p2")}
WORDS = (60, 150)
BOUND = 0.25
"""Most that the layers may add, as a share of reading the cells."""


@dataclass(frozen=True)
class Row:
    """Seconds of both sides on one pack.

    Attributes:
        words: Of its scenario.
        tokens: Of its trie, without continuations.
        read: Median seconds of the study's reader.
        layers: Median seconds of the same after every layer.
        apart: Largest difference of the last layer from the reading, in nats.
    """

    words: int
    tokens: int
    read: float
    layers: float
    apart: float

    @property
    def added(self) -> float:
        """Share that the layers add."""
        return self.layers / self.read - 1


def main() -> int:
    """Print the table; 1 if the layers add more than the bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    source = resolve_source(ModelSpec(Path(asked.model).stem, Path(asked.model), None, None), None, offline=True)
    folder = source.snapshot.folder
    with loaded(folder, source.name, precision=Precision("auto"), device="cpu") as model:
        packs = {words: question_pack(folder, CROSSED, words, budget=4096, system=SYSTEM) for words in WORDS}
        rows = [measure(model, folder, words, pack, asked.rounds) for words, pack in packs.items()]
    text = told(source.name, rows)
    print(text)
    if asked.write:
        page.put("depth", text)
    return int(max(row.added for row in rows) > BOUND)


def measure(model: LoadedModel, folder: Path, words: int, pack: Pack, rounds: int) -> Row:
    """Both sides in turns, after a first round that is not counted."""
    reader = trie_reader(model.model, model.name, load_encoder(folder, model.name).boundary_tokens())
    layers, every = LayerReader.beside(reader), replace(pack, every_layer=True)
    pairs = zip(reader.read(pack), layers.read(every), strict=True)
    apart = max(
        abs(a - b) for one, two in pairs for a, b in zip(one.logprobs, two.logprobs[-len(one.logprobs) :], strict=True)
    )
    seconds: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        sides: Sequence[tuple[int, Callable[[], object]]] = (
            (0, lambda: reader.read(pack)),
            (1, lambda: layers.read(every)),
        )
        for side, read in sides if number % 2 else reversed(sides):
            started = time.process_time()
            read()
            seconds[side].append(time.process_time() - started)
    once, after = map(statistics.median, seconds)
    return Row(words, counts(pack)[2], once, after, apart)


def told(name: str, rows: Sequence[Row]) -> str:
    """The table."""
    head = ("cells of", "tokens", "a reading, s", "after every layer, s", "added", "last layer differs by, nats")
    body = [
        (
            f"{row.words} words",
            str(row.tokens),
            f"{row.read:.3f}",
            f"{row.layers:.3f}",
            f"{row.added:+.1%}",
            f"{row.apart:.1e}",
        )
        for row in rows
    ]
    return f"{name}\n\n{page.table(head, body)}"


if __name__ == "__main__":
    sys.exit(main())
