"""The cost model against measured packs: fitted on every second one, tried on the others.

Seconds of a pack are taken to be a constant and its floating-point operations over a rate. Prints a line of figures.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from probe.progress import Silent
from probe.prompts.check_pack import check_pack
from probe.store.cache import Cache
from probe.study.job import Job
from probe.study.model_reader import read_into_store
from probe.study.planning import find_model, plan_onto_disk
from probe.study.request import Request
from probe.study.resolve import resolve
from probe.workers.pool import costs_of


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="demo")
    parser.add_argument("--suite", default="core")
    parser.add_argument("--limit", type=int, default=1)
    parser.add_argument("--designs", nargs="+", default=["quick", "standard"])
    chosen = parser.parse_args()
    pairs = []
    for design in chosen.designs:
        pairs += measured(chosen.model, chosen.suite, design, chosen.limit)
    flops, seconds = (np.array(column, float) for column in zip(*pairs, strict=True))
    ways = np.column_stack([np.ones_like(flops), flops])
    (constant, slope), *_ = np.linalg.lstsq(ways[::2], seconds[::2], rcond=None)
    off = ways[1::2] @ [constant, slope] - seconds[1::2]
    figures = {
        "packs": len(pairs),
        "constant_seconds": round(float(constant), 4),
        "flops_a_second": float(f"{1 / slope:.3g}"),
        "median_error": round(float(np.median(np.abs(off) / seconds[1::2])), 3),
        "error_of_the_sum": round(float(off.sum() / seconds[1::2].sum()), 3),
    }
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


def measured(model: str, suite: str, design: str, limit: int) -> list[tuple[int, float]]:
    """Operations and seconds of each pack of a study."""
    study = resolve(Request(models=(model,), suite=(suite,), design=design, limit=limit))
    asked = find_model(study, study.sources[0])
    with tempfile.TemporaryDirectory() as place:
        job = Job(
            folder=asked.source.snapshot.folder,
            name=asked.name,
            identity=asked.source.snapshot.identity,
            precision=study.request.precision,
            device="cpu",
            reader="auto",
            check=check_pack(asked.encoder, asked.style, asked.context),
            budget=study.request.pack_tokens,
            plan_file=plan_onto_disk(study, asked, study.request.pack_tokens, Path(place)).plan_file,
            sample=(),
            cache=Cache(Path(place) / "cache"),
            threads=1,
        )
        facts, _ = read_into_store(job, range(len(job.plan_file.items)), lambda *_: None, Silent())
        shards = job.cache.shards(facts.key(job))
        read = [shards.load(pack) for pack in job.plan_file.packs]
        return [(cost, one.seconds) for cost, one in zip(costs_of(job), read, strict=True) if one is not None]


if __name__ == "__main__":
    sys.exit(main())
