"""Where the time of a run goes: CPU seconds of its phases, from the request to the report, on one thread.

The share that counts is that of the forward passes that read the study, of the whole command. CPU time, since other
work on a machine stretches the wall clock; with one thread and no waiting the two are alike, and the share by the
clock stands beside it. The same study is planned before, as a user would, so that what is made once for a model (the
tokenizer of a GGUF file) is there.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import page
import psutil
import torch
import transformers

import probe.engine.load
import probe.engine.reader_choice
import probe.runner
from probe.run import measure
from probe.store.cache import Cache
from probe.store.folder import RunFolder
from probe.study.request import Request
from probe.study.resolve import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).resolve().parents[2]
SHAPES = {
    "tiny": {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4},
    "180M": {"hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 12, "num_attention_heads": 12},
}

SAYS = {
    "start": "libraries imported",
    "resolve": "files read, model identified",
    "plan": "planned, texts in tokens on disk",
    "load": "weights loaded",
    "choose_reader": "reader chosen and tried",
    "read": "packs read and kept",
    "in_forward_passes": "of it in forward passes",
    "floor": "numeric floor",
    "merge_readings": "table written",
    "rest": "statistics, report, manifest",
}
"""Phases, in their order."""


class Clock:
    """Moments of a run in CPU seconds of its process, and time of forward passes by what they were for.

    It is told of a run's phases as its progress.
    """

    def __init__(self) -> None:
        self.moments: dict[str, float] = {"started": time.process_time()}
        self.forward: dict[str, float] = {}
        self.by_clock: dict[str, float] = {}
        self._phase = ""
        self._entered = (0.0, 0.0)

    def enter(self, *_: object) -> None:
        """A forward pass of the whole model begins."""
        self._entered = time.thread_time(), time.perf_counter()

    def leave(self, *_: object) -> None:
        """It ends."""
        cpu, clock = self._entered
        self.forward[self._phase] = self.forward.get(self._phase, 0.0) + time.thread_time() - cpu
        self.by_clock[self._phase] = self.by_clock.get(self._phase, 0.0) + time.perf_counter() - clock

    def note(self, name: str) -> None:
        """Remember now as the moment of `name`."""
        self.moments[name] = time.process_time()

    @contextlib.contextmanager
    def phase(self, name: str, _: int) -> Iterator[Callable[..., None]]:
        """A phase of the run; its end is the moment of its first word."""
        self._phase = name.partition(" ")[0]
        yield lambda *_: None
        self.note(self._phase)
        self._phase = ""


def main() -> int:
    """Print phases as JSON; exit 1 if the reading's own passes have less than the share that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="a folder or GGUF file; default: random weights of a shape")
    parser.add_argument("--shape", choices=sorted(SHAPES), default="180M")
    parser.add_argument("--tokenizer", type=Path, default=ROOT / "probe" / "demo_model", help="folder of a tokenizer")
    parser.add_argument("--vocabulary", type=int, default=128_256)
    parser.add_argument("--suite", default=str(ROOT / "scenarios" / "ai" / "candour-pleasing.yaml"))
    parser.add_argument("--design", default="quick")
    parser.add_argument("--limit", type=int, default=None)
    parser.add_argument("--share", type=float, default=0.6)
    parser.add_argument("--against", type=Path, help="root of an earlier checkout, which is measured first")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/benchmarks.md")
    parser.add_argument("--only-in", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.only_in:
        figures = phases(chosen.only_in, chosen.model, chosen.suite, chosen.design, chosen.limit)
        sys.stdout.write(json.dumps(figures))
        return 0
    roots = {**({"earlier code": chosen.against.resolve()} if chosen.against else {}), "this code": ROOT}
    with tempfile.TemporaryDirectory() as place:
        drawn = Path(place) / "model"
        model = chosen.model or make_model(drawn, chosen.shape, chosen.tokenizer, chosen.vocabulary)
        limit = () if chosen.limit is None else ("--limit", str(chosen.limit))
        study = ("--suite", chosen.suite, "--design", chosen.design, *limit)
        found = {
            name: figures_of(root, Path(place) / str(at), model.resolve(), study)
            for at, (name, root) in enumerate(roots.items())
        }
    sys.stdout.write(f"{json.dumps(found, indent=1)}\n")
    if chosen.write:
        page.put("end_to_end", told(chosen.model.stem if chosen.model else f"{chosen.shape} shape", found))
    return int(found["this code"]["forward_share"] < chosen.share)


def figures_of(root: Path, place: Path, model: Path, study: Sequence[str]) -> dict[str, float]:
    """The phases of a run by the code of a checkout, in a process of its own, so that imports count."""
    known = {**os.environ, "PYTHONPATH": str(root), "PROBE_CACHE": str(place / "cache"), "HF_HUB_OFFLINE": "1"}
    place.mkdir()
    plan = [sys.executable, "-m", "probe", "plan", str(model), *study]
    subprocess.run(plan, check=True, env=known, stdout=subprocess.DEVNULL)
    command = [sys.executable, __file__, "--model", str(model), *study, "--only-in", str(place)]
    done = subprocess.run(command, check=True, env=known, stdout=subprocess.PIPE, text=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def told(model: str, found: dict[str, dict[str, float]]) -> str:
    """The figures as a table."""
    lines = [[says, *(f"{one[name]:.1f}" for one in found.values())] for name, says in SAYS.items()]
    lines.append(["whole", *(f"{one['whole']:.1f}" for one in found.values())])
    for name, says in (("forward_share", ""), ("forward_share_by_clock", ", by the clock")):
        lines.append([f"share of the reading's own passes{says}", *(f"{one[name]:.0%}" for one in found.values())])
    one = found["this code"]
    head = f"{model}, {one['packs']:.0f} packs, {one['rows']:.0f} rows, CPU seconds"
    return page.table([head, *found], lines)


def make_model(folder: Path, shape: str, tokenizer: Path, vocabulary: int) -> Path:
    """A Llama of a shape with random weights in float32, and the files of a tokenizer."""
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        **SHAPES[shape], vocab_size=vocabulary, tie_word_embeddings=True, max_position_embeddings=4096
    )
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    for path in tokenizer.iterdir():
        if path.name.startswith(("tokenizer", "special_tokens", "chat_template", "vocab", "merges", "added_tokens")):
            shutil.copyfile(path, folder / path.name)
    return folder


def phases(place: Path, model: Path, suite: str, design: str, limit: int | None) -> dict[str, float]:
    """CPU seconds of each phase of one run in an empty folder with an empty cache."""
    os.environ["PROBE_CACHE"] = str(place / "cache")
    clock, began = Clock(), psutil.Process().create_time()
    with noting(clock):
        name = str(model) if model.is_file() else f"{model}/"
        study = resolve(Request(models=(name,), suite=(suite,), design=design, limit=limit, threads=1))
        clock.note("resolved")
        manifest = measure(study, RunFolder(place / "run"), clock, Cache(place / "cache"))
        clock.note("ended")
    by_clock = time.time() - began
    (record,) = manifest.models.values()
    moments, own = clock.moments, clock.forward["reading"]
    return {
        "packs": record.packs,
        "rows": RunFolder(place / "run").readings().num_rows,
        "floor_cells": record.floor_cells,
        "start": moments["started"],
        "resolve": moments["resolved"] - moments["started"],
        "plan": moments["loading weights"] - moments["resolved"],
        "load": moments["loaded"] - moments["loading weights"],
        "choose_reader": moments["reader chosen"] - moments["loaded"],
        "read": moments["reading"] - moments["reader chosen"],
        "in_forward_passes": own,
        "floor": moments["numeric"] - moments["reading"],
        "merge_readings": moments["table written"] - moments["numeric"],
        "rest": moments["ended"] - moments["table written"],
        "whole": moments["ended"],
        "forward_share": own / moments["ended"],
        "forward_share_by_clock": clock.by_clock["reading"] / by_clock,
    }


@contextlib.contextmanager
def noting(clock: Clock) -> Iterator[None]:
    """Note when a model is loaded, its reader chosen and its table written, and its passes."""
    loaded, merge = probe.engine.load.loaded, probe.runner.merge_readings
    choose = probe.engine.reader_choice.open_reader

    @contextlib.contextmanager
    def noted_loaded(*given: object, **named: object) -> Iterator[object]:
        clock.note("loading weights")
        with loaded(*given, **named) as model:
            model.model.register_forward_pre_hook(clock.enter)
            model.model.register_forward_hook(clock.leave)
            clock.note("loaded")
            yield model

    def noted(function: Callable[..., object], name: str) -> Callable[..., object]:
        def call(*given: object, **named: object) -> object:
            result = function(*given, **named)
            clock.note(name)
            return result

        return call

    probe.engine.load.loaded = noted_loaded
    probe.runner.merge_readings = noted(merge, "table written")
    probe.engine.reader_choice.open_reader = noted(choose, "reader chosen")
    try:
        yield
    finally:
        probe.engine.load.loaded, probe.engine.reader_choice.open_reader = loaded, choose
        probe.runner.merge_readings = merge


if __name__ == "__main__":
    sys.exit(main())
