"""Give probe files that nobody meant: it reads them or says what is wrong, and nothing else comes out.

Each kind of file gets its share of the cases, made by hypothesis from a seed: the same seed makes the same cases. What
is found is printed with its seed; add it to the regressions in tests/security/test_fuzz.py.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from fuzzing import TARGETS
from hypothesis import HealthCheck, Phase, given, seed, settings


def main() -> int:
    """Run the cases; exit 1 if anything but a `ProbeError` came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=sorted(TARGETS), action="append")
    chosen = parser.parse_args()
    escapes = 0
    for name in chosen.only or TARGETS:
        escapes += fuzz(name, chosen.cases, chosen.seed)
    sys.stdout.write(f"{escapes} kinds of files with an escape\n")
    return 1 if escapes else 0


def fuzz(name: str, cases: int, number: int) -> int:
    """The cases of one kind of file; how many escapes hypothesis tells, of which it shows the smallest."""
    target = TARGETS[name]()
    counted = {"read": 0, "refused": 0}

    @settings(
        max_examples=max(1, round(cases * target.share)),
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @seed(number)
    @given(target.cases)
    def one(case: object) -> None:
        counted["read" if target.survives(case) else "refused"] += 1

    started = time.monotonic()
    try:
        one()
    except Exception:  # noqa: BLE001  whatever comes out is what is looked for
        sys.stdout.write(f"{name}: ESCAPE with --seed {number}\n{traceback.format_exc()}\n")
        return 1
    tried = sum(counted.values())
    seconds = time.monotonic() - started
    sys.stdout.write(f"{name}: {tried} cases, {counted['read']} read, {counted['refused']} refused, {seconds:.0f} s\n")
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
