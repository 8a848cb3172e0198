"""The cost model against measured packs: fitted on every second one, tried on the others.

Seconds of a pack are taken to be a constant and its floating-point operations over a rate. Prints a line of figures.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from probe.progress import Silent
from probe.store.cache import Cache
from probe.study.planning import find_model, job_of, plan_onto_disk
from probe.study.request import Request
from probe.study.resolve import resolve
from probe.workers.in_process import this_process
from probe.workers.pool import costs_of, read_together


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
        planned = plan_onto_disk(study, asked, study.request.pack_tokens, Path(place))
        cache = Cache(Path(place) / "cache")
        job = replace(job_of(planned, study.request, cache, "cpu"), sample=(), threads=1)
        done = read_together({job.name: job}, this_process("cpu", 1), lambda *_: None, Silent())[job.name]
        shards = cache.shards(done.engine)
        read = [shards.load(pack) for pack in job.plan_file.packs]
        return [(cost, one.seconds) for cost, one in zip(costs_of(job), read, strict=True) if one is not None]


if __name__ == "__main__":
    sys.exit(main())
