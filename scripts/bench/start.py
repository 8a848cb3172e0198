"""What a command costs before it computes: CPU until its first line, and of a plan of a tiny study to its end.

CPU time, since other work on a machine stretches the wall clock; it stretches CPU time too, by less, so each round
also takes the time of importing the libraries by themselves, and every checkout takes its turn in each round.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import page

ROOT = Path(__file__).resolve().parents[2]
TINY = ("demo", "--suite", str(ROOT / "tests" / "data" / "short.yaml"), "--design", "quick", "--limit", "2")
LIBRARIES = "import torch, transformers"
FIRST_LINE, PLAN = 1.5, 5.0
"""Seconds of CPU that the two may take."""


@dataclass(frozen=True)
class Cost:
    """CPU seconds of a process, until its first line and to its end."""

    first: float
    whole: float


def main() -> int:
    """Print the figures as JSON; exit 1 if a bound is passed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--against", type=Path, help="root of an earlier checkout, which takes turns with this one")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/benchmarks.md")
    chosen = parser.parse_args()
    roots = {"this code": ROOT, **({"earlier code": chosen.against.resolve()} if chosen.against else {})}
    found = measured(roots, chosen.rounds)
    sys.stdout.write(f"{json.dumps(found, indent=1)}\n")
    if chosen.write:
        page.put("start", described(found, chosen.rounds))
    here = found["this code"]
    return int(here["first line"] > FIRST_LINE or here["plan"] > PLAN)


def measured(roots: dict[str, Path], rounds: int) -> dict[str, dict[str, float]]:
    """Medians over rounds, in each of which every checkout and the libraries by themselves are run once."""
    taken: dict[str, list[Cost]] = {name: [] for name in roots}
    libraries = []
    with tempfile.TemporaryDirectory() as cache:
        for root in roots.values():
            cost_of(planning(), root, Path(cache) / root.name)  # the files are in memory then, and what is remembered
        for _ in range(rounds):
            for name, root in roots.items():
                taken[name].append(cost_of(planning(), root, Path(cache) / root.name))
            libraries.append(cost_of([sys.executable, "-c", LIBRARIES], ROOT, Path(cache)).whole)
    middle = statistics.median
    found = {
        name: {"first line": middle(one.first for one in costs), "plan": middle(one.whole for one in costs)}
        for name, costs in taken.items()
    }
    return {**found, "libraries": {"import": middle(libraries)}}


def planning() -> list[str]:
    """The command whose start is measured."""
    return [sys.executable, "-m", "probe", "plan", *TINY]


def cost_of(command: list[str], root: Path, cache: Path) -> Cost:
    """Run a command of a checkout; CPU time as the system counts it for the process.

    The first line is seen a moment after it was written, so that its figure is an upper bound.
    """
    known = {**os.environ, "PYTHONPATH": str(root), "PROBE_CACHE": str(cache), "HF_HUB_OFFLINE": "1"}
    process = subprocess.Popen(
        command, cwd=root, env=known, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    line = process.stderr.readline()
    first = _so_far(process.pid) if line else 0.0
    process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit {process.returncode} after {line.strip()!r}")
    return Cost(first, used.ru_utime + used.ru_stime)


def _so_far(pid: int) -> float:
    """CPU time of a running process of Linux."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def described(found: dict[str, dict[str, float]], rounds: int) -> str:
    """The figures as a table."""
    lines = [
        [name, f"{one['first line']:.2f}", f"{one['plan']:.2f}"] for name, one in found.items() if name != "libraries"
    ]
    libraries = f"`{LIBRARIES}` by itself: {found['libraries']['import']:.2f}. Medians of {rounds} rounds."
    return f"{page.table(['CPU seconds', 'to the first line', 'plan of a tiny study'], lines)}\n\n{libraries}"


if __name__ == "__main__":
    sys.exit(main())
