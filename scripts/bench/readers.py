"""Readers side by side on one question: seconds, ratios, and useful operations against the measured peak.

A random model of Llama's or Qwen2's shape with the vocabulary of a real tokenizer; 48 formats of one scenario of 150
words. The readers take turns, and the machine's peak is measured between them; the table gives medians. Every reader is
compared with the trie's numbers first, which is also its warm-up.

`exact` keeps its promise only under the MKL_CBWR that `probe run --exact` sets; the others slow down under it too.
`harness` needs lm_eval, `decisions` a transformers that has pipeline("decision"); where they are absent, so are their
rows. With `--samples FILE` each call adds its rounds to the file, and the table is made of all of them.

Usage: python scripts/bench/readers.py --tokenizer FOLDER [--shape 31M|180M|494M] [--rounds N] [--write]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import page
import torch
from question import PINNED, counts, item, question_pack, unfollowed
from rivals import (
    Decisions,
    DenseMask,
    Harness,
    LastRows,
    Numbers,
    PaddedBatches,
    PlainTogether,
    PrefixCache,
    Sharing,
    labels_expected,
)
from shapes import SHAPES, measured_peak, parameters, random_model, useful_operations
from transformers import PreTrainedModel
from transformers.pipelines import SUPPORTED_TASKS

from probe.engine.reader_choice import trie_reader
from probe.prompts.pack import Pack
from probe.prompts.tokenizer import load_encoder
from probe.prompts.trie import grow

SAYS = {
    "harness": "lm-evaluation-harness, HFLM",
    "decisions": 'transformers, pipeline("decision")',
    "padded": "padded batches, all logits",
    "last_rows": "best batches that share nothing",
    "prefix": "prefix cache, expanded",
    "dense": "trie, one mask for all pairs",
    "trie": "**trie, tiles**",
    "study_plain": "plain reader, as a study reads",
    "study_dense": "trie, one mask, as a study reads",
    "study": "**trie, tiles, as a study reads**",
    "exact": "trie, exact mode, as a study reads",
}
"""Readers of next tokens alone, then those that also read what follows a label, as a study does."""

SHARE_NOTHING = ("harness", "decisions", "padded", "last_rows")
"""Their time is in proportion to the prompts, so a part of them tells it."""

STUDY = ("study_plain", "study_dense", "study", "exact")
AGREES = 1e-3
"""Most nats by which a reader may differ from the trie."""


class Reader(Protocol):
    """What is timed."""

    def read(self, pack: Pack) -> Numbers:
        """One number a prompt, or two."""
        ...


@dataclass
class Samples:
    """Seconds of each reader and the peak around them, of one shape, from any number of calls."""

    shape: str
    about: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    peaks: dict[str, list[float]] = field(default_factory=dict)
    operators: dict[str, float] = field(default_factory=dict)

    def share(self, name: str, work: float) -> float:
        """Median share of the peak that was measured next to each reading."""
        return float(np.median([work / (t * p) for t, p in zip(self.seconds[name], self.peaks[name], strict=True)]))


class Bench:
    """One shape with everything that its readers need."""

    def __init__(self, shape: str, tokenizer: Path, axes: dict[str, tuple[str, ...]], batch: int) -> None:
        encoder = load_encoder(tokenizer, tokenizer.name)
        self.tokenizer, self.batch, self.boundary = tokenizer, batch, encoder.boundary_tokens()
        self.model: PreTrainedModel = random_model(shape, len(encoder.tokenizer) // 128 * 128 + 128)
        self.pack = question_pack(tokenizer, axes)
        self.alone = unfollowed(self.pack)
        self.trie = trie_reader(self.model, "bench", self.boundary)

    def reader(self, name: str) -> Reader:
        """A reader by its name in `SAYS`."""
        model, asked = self.model, item()
        options = asked.option_p1, asked.option_p2
        makers: dict[str, Callable[[], Reader]] = {
            "harness": lambda: Harness(model, self.tokenizer, self.batch),
            "decisions": lambda: Decisions(model, self.tokenizer, asked.text, options),
            "padded": lambda: PaddedBatches(model, self.batch),
            "last_rows": lambda: LastRows(model, self.batch),
            "prefix": lambda: PrefixCache(model),
            "dense": lambda: DenseMask(model),
            "trie": lambda: Sharing(self.trie),
            "study_plain": lambda: PlainTogether(model, self.boundary),
            "study_dense": lambda: DenseMask(model),
            "study": lambda: Sharing(self.trie),
            "exact": lambda: Sharing(trie_reader(model, "bench", self.boundary, exact=True)),
        }
        return makers[name]()

    def given(self, name: str) -> Pack:
        """What a reader reads: labels too, or prompts alone."""
        return self.pack if name in STUDY or name == "harness" else self.alone

    def refuse_wrong(self, name: str, found: Numbers) -> None:
        """Hold a reader's numbers against the trie's.

        Raises:
            ValueError: They differ.
        """
        readings = self.trie.read(self.pack)
        wanted = np.array([one.top_logprob for one in readings])
        if name == "harness":
            wanted = labels_expected(self.pack, readings)
        if name == "decisions":  # asks in its own words
            wanted = np.ones(len(found))
        apart = float(np.abs(found - wanted).max())
        if not apart <= AGREES:
            raise ValueError(f"{name}: differs from the trie by {apart:.2g}")

    def facts(self) -> dict[str, float]:
        """Counts for the table's head."""
        prompts, tokens, nodes = counts(self.pack)
        trie = grow(enumerate(self.pack.prompts))
        facts = {"prompts": prompts, "prompt_tokens": tokens, "trie_tokens": nodes, "study_tokens": trie.size}
        work = {
            "work": useful_operations(self.model, grow(enumerate(self.alone.prompts))),
            "study_work": useful_operations(self.model, trie),
        }
        return facts | work | {"parameters": parameters(self.model), "threads": torch.get_num_threads()}


def possible(names: list[str]) -> list[str]:
    """Without those that need what is not installed."""
    absent = set() if importlib.util.find_spec("lm_eval") else {"harness"}
    if "decision" not in SUPPORTED_TASKS:
        absent.add("decisions")
    return [name for name in names if name not in absent]


def measure(
    bench: Bench,
    names: list[str],
    rounds: int,
    samples: Samples,
    *,
    check: bool = True,
    part: int = 1,
    keep: Callable[[Samples], object] = lambda _: None,
) -> Samples:
    """Let the readers take turns.

    Args:
        bench: What is read.
        names: The readers.
        rounds: How often each reads.
        samples: Takes what is found.
        check: Whether to hold each against the trie first.
        part: Readers that share nothing read one prompt in so many, and their seconds are multiplied.
        keep: Is given the samples after each reading, of which some take minutes.
    """
    samples.about |= bench.facts()
    readers = {name: bench.reader(name) for name in names}
    for name, reader in readers.items() if check else ():
        bench.refuse_wrong(name, reader.read(bench.given(name)))
    for _ in range(rounds):
        before = measured_peak()
        for name, reader in readers.items():
            times = part if name in SHARE_NOTHING else 1
            pack = Pack(bench.given(name).prompts[::times], bench.pack.budget)
            started = time.perf_counter()
            reader.read(pack)
            samples.seconds.setdefault(name, []).append((time.perf_counter() - started) * times)
            samples.about[f"part of {name}"] = times
            after = measured_peak()
            samples.peaks.setdefault(name, []).append((before + after) / 2)
            before = after
            keep(samples)
    if "trie" in readers:
        samples.operators = largest(lambda: readers["trie"].read(bench.given("trie")))
    return samples


def largest(function: Callable[[], object], count: int = 3) -> dict[str, float]:
    """Operators of torch that took most of the time within a call, each with its share, once."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiled:
        function()
    taken = {one.key: float(one.self_cpu_time_total) for one in profiled.key_averages()}
    return {name: taken[name] / sum(taken.values()) for name in sorted(taken, key=taken.__getitem__)[: -count - 1 : -1]}


def told(samples: Samples) -> str:
    """The table of one shape."""
    about, medians = samples.about, {name: float(np.median(s)) for name, s in samples.seconds.items()}
    every = [peak for peaks in samples.peaks.values() for peak in peaks]
    lines = [
        f"**{samples.shape}**: {about['parameters'] / 1e6:.0f} M parameters, {about['threads']:.0f} threads; "
        f"{about['prompts']:.0f} prompts, {about['prompt_tokens']:,.0f} prompt tokens, {about['trie_tokens']:,.0f} "
        f"trie tokens ({about['study_tokens']:,.0f} with what follows the labels); peak {np.median(every) / 1e9:.0f} "
        f"GFLOP/s, from {min(every) / 1e9:.0f} to {max(every) / 1e9:.0f}.",
        "",
    ]
    rows = []
    for name in (one for one in SAYS if one in medians):
        rival = "study" if name in STUDY else "trie"
        work = about["study_work" if rival == "study" else "work"]
        ratio = f"{_ratio(samples, name, rival):.2f}" if rival in medians else ""
        took = samples.seconds[name]
        spread = f"{min(took):.2f} .. {max(took):.2f}"
        part = int(about.get(f"part of {name}", 1))
        rows.append(
            [
                SAYS[name] + (f", timed on one prompt in {part}" if part > 1 else ""),
                f"{medians[name]:.2f}",
                spread,
                str(len(took)),
                ratio,
                f"{samples.share(name, work):.0%}",
            ]
        )
    head = ["reader", "seconds", "from .. to", "rounds", "times the trie's", "share of peak"]
    profile = ", ".join(f"{name} {share:.0%}" for name, share in samples.operators.items())
    below = ["", f"Largest operators of the trie's time: {profile}."] if profile else []
    return "\n".join([*lines, page.table(head, rows), *below])


def _ratio(samples: Samples, name: str, rival: str) -> float:
    """How many times a rival's time, where machine and its pace were the same: medians over their peaks."""
    paced = {
        one: float(np.median([t * p for t, p in zip(samples.seconds[one], samples.peaks[one], strict=True)]))
        for one in (name, rival)
    }
    return paced[name] / paced[rival]


def recalled(path: Path | None, shape: str) -> Samples:
    """Samples of a shape that a file holds already."""
    known = json.loads(path.read_text(encoding="utf-8")) if path and path.is_file() else {}
    return Samples(shape, **known[shape]) if shape in known else Samples(shape)


def remember(path: Path, samples: Samples) -> dict[str, Samples]:
    """Put samples of a shape beside those of the others; all of them."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    known[samples.shape] = {key: value for key, value in asdict(samples).items() if key != "shape"}
    path.write_text(json.dumps(known), encoding="utf-8")
    return {shape: Samples(shape, **one) for shape, one in known.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--shape", choices=SHAPES, default="180M")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--readers", nargs="+", choices=SAYS, default=[name for name in SAYS if name != "exact"])
    parser.add_argument("--formats", type=int, choices=(24, 48), default=48, help="24: one order of the options")
    parser.add_argument("--batch", type=int, default=8, help="prompts in a batch of the readers that make any")
    parser.add_argument(
        "--no-check", action="store_true", help="no warm-up, no comparison: for slow readers' later calls"
    )
    parser.add_argument("--part", type=int, default=1, help="readers that share nothing read one prompt in so many")
    parser.add_argument("--samples", type=Path, help="add the rounds to this file and tell all that it holds")
    parser.add_argument("--write", action="store_true", help="put the tables of all samples into docs/benchmarks.md")
    given = parser.parse_args()
    axes = PINNED if given.formats == 48 else {**PINNED, "order": PINNED["order"][:1]}
    bench = Bench(given.shape, given.tokenizer, axes, given.batch)
    samples, path = recalled(given.samples, given.shape), given.samples
    keep = (lambda found: remember(path, found)) if path else (lambda _: None)
    measure(bench, possible(given.readers), given.rounds, samples, check=not given.no_check, part=given.part, keep=keep)
    every = remember(path, samples) if path else {given.shape: samples}
    print(told(samples))
    if given.write:
        page.put("readers", "\n\n".join(told(every[shape]) for shape in SHAPES if shape in every))


if __name__ == "__main__":
    main()
