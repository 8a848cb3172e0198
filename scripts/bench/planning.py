"""What `probe plan` of a whole suite costs beside an earlier checkout: processor time of the command and its children.

Each run is a process of its own with an empty cache; the two checkouts take turns, and both are given the earlier one's
scenarios. The model is a folder with a tokenizer; weights are needed for their shapes alone.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOST = 1.10
"""Times the earlier checkout's processor time that a plan may take."""


def main() -> int:
    """Print seconds of every run and the ratio of the medians; exit 1 if it is above the bound."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("earlier", type=Path, help="root of an earlier checkout")
    parser.add_argument("--model", type=Path, required=True, help="a model's folder")
    parser.add_argument("--suite", default="scenarios/ai", help="a path inside the earlier checkout")
    parser.add_argument("--design", default="standard")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    earlier = chosen.earlier.resolve()
    study = [str(chosen.model.resolve()), "--suite", str(earlier / chosen.suite), "--design", chosen.design]
    taken: dict[Path, list[float]] = {earlier: [], ROOT: []}
    for _ in range(chosen.rounds):
        for tree, seconds in taken.items():
            seconds.append(planned(tree, study))
            print(f"{'this code' if tree == ROOT else 'earlier code'}: {seconds[-1]:.1f} s", flush=True)
    before, now = (statistics.median(seconds) for seconds in taken.values())
    print(f"{now:.1f} s against {before:.1f} s: {now / before:.2f} times (at most {MOST:.2f})")
    return int(now > MOST * before)


def planned(tree: Path, study: list[str]) -> float:
    """Plan a study with a checkout's code; seconds of processor time, those of its child processes included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as cache:
        known = {"PYTHONPATH": str(tree), "PROBE_CACHE": cache, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
        subprocess.run(
            [sys.executable, "-m", "probe", "plan", *study],
            cwd=tree,
            env={**os.environ, **known},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    sys.exit(main())
