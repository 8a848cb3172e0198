"""Where the time of a run goes: the phases from the request to the report, on a model with random weights.

The share that counts is that of forward passes between the loaded model and the written table.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import page
import torch
import transformers

import probe.engine.load
import probe.engine.reader_choice
import probe.runner
import probe.study.model_reader
from probe.progress import Silent
from probe.run import measure
from probe.store.cache import Cache
from probe.store.folder import RunFolder
from probe.study.request import Request
from probe.study.resolve import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
SHAPES = {
    "tiny": {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4},
    "180M": {"hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 12, "num_attention_heads": 12},
}

SAYS = {
    "resolve": "files read, model identified",
    "plan": "planned, texts in tokens on disk",
    "load": "weights loaded",
    "choose_reader": "reader chosen and tried",
    "read": "from loaded model to last reading",
    "in_forward_passes": "of it in forward passes",
    "merge_readings": "table written",
    "rest": "statistics, report, manifest",
}
"""Phases, in their order."""


class Clock:
    """Moments of a run, in seconds since its start, and time spent in forward passes."""

    def __init__(self) -> None:
        self.start = time.perf_counter()
        self.moments: dict[str, float] = {}
        self.forward = 0.0
        self._entered = 0.0

    def enter(self, *_: object) -> None:
        """A forward pass of the whole model begins."""
        self._entered = time.perf_counter()

    def leave(self, *_: object) -> None:
        """It ends."""
        self.forward += time.perf_counter() - self._entered

    def note(self, name: str) -> None:
        """Remember now as the moment of `name`."""
        self.moments[name] = time.perf_counter() - self.start


def main() -> int:
    """Print phases as JSON; exit 1 if forward passes have less than the share that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=sorted(SHAPES), default="180M")
    parser.add_argument("--tokenizer", type=Path, default=ROOT / "probe" / "demo_model", help="folder of a tokenizer")
    parser.add_argument("--vocabulary", type=int, default=128_256)
    parser.add_argument("--suite", default=str(ROOT / "tests" / "data" / "short.yaml"))
    parser.add_argument("--design", default="quick")
    parser.add_argument("--limit", type=int, default=None)
    parser.add_argument("--share", type=float, default=0.85)
    parser.add_argument("--write", action="store_true", help="put the figures into docs/benchmarks.md")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = make_model(Path(place) / "model", chosen.shape, chosen.tokenizer, chosen.vocabulary)
        figures = phases(Path(place), folder, chosen.suite, chosen.design, chosen.limit)
    sys.stdout.write(f"{json.dumps({'shape': chosen.shape, **figures}, indent=1)}\n")
    if chosen.write:
        page.put("end_to_end", told(chosen.shape, figures))
    return int(figures["forward_share"] < chosen.share)


def told(shape: str, figures: dict[str, float]) -> str:
    """The figures as a table."""
    lines = [[SAYS[name], f"{figures[name]:.2f}"] for name in SAYS]
    head = f"{shape} shape, {figures['packs']:.0f} packs, {figures['rows']:.0f} rows"
    share = f"Forward passes have {figures['forward_share']:.1%} of the time between loaded model and written table."
    return f"{page.table([head, 'seconds'], lines)}\n\n{share}"


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
    """Seconds of each phase of one run in an empty folder with an empty cache."""
    os.environ["PROBE_CACHE"] = str(place / "cache")
    clock = Clock()
    with noting(clock):
        study = resolve(Request(models=(f"{model}/",), suite=(suite,), design=design, limit=limit))
        clock.note("resolved")
        manifest = measure(study, RunFolder(place / "run"), Silent(), Cache(place / "cache"))
        clock.note("ended")
    (record,) = manifest.models.values()
    moments = clock.moments
    window = moments["table written"] - moments["loaded"]
    return {
        "packs": record.packs,
        "rows": RunFolder(place / "run").readings().num_rows,
        "resolve": moments["resolved"],
        "plan": moments["loading"] - moments["resolved"],
        "load": moments["loaded"] - moments["loading"],
        "choose_reader": moments["reader chosen"] - moments["loaded"],
        "read_packs": record.forward_seconds,
        "read": moments["read"] - moments["loaded"],
        "in_forward_passes": clock.forward,
        "merge_readings": moments["table written"] - moments["read"],
        "rest": moments["ended"] - moments["table written"],
        "loaded_to_table": window,
        "forward_share": clock.forward / window,
    }


@contextlib.contextmanager
def noting(clock: Clock) -> Iterator[None]:
    """Note when a model is loaded, read, and its table written."""
    loaded, merge = probe.engine.load.loaded, probe.runner.merge_readings
    read, choose = probe.runner.read_together, probe.engine.reader_choice.open_reader

    @contextlib.contextmanager
    def noted_loaded(*given: object, **named: object) -> Iterator[object]:
        clock.note("loading")
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
    probe.runner.read_together = noted(read, "read")
    probe.engine.reader_choice.open_reader = noted(choose, "reader chosen")
    try:
        yield
    finally:
        probe.engine.load.loaded, probe.engine.reader_choice.open_reader = loaded, choose
        probe.runner.merge_readings, probe.runner.read_together = merge, read


if __name__ == "__main__":
    sys.exit(main())
