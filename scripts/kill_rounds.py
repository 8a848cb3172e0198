"""Kill the real command at random moments, again and again: nothing that was finished is lost or read twice.

A round starts `probe run` and kills it with SIGKILL: every third at any moment of the time that a whole run takes, the
others a moment after some more packs were finished. When a run ends before its kill, its table is compared with that of
a run that was never killed, and folder and cache are emptied for the next rounds; the last is let go to its end. What
was finished is counted in run.log, which names a pack when its file has outlasted a power cut.

By default each round forks a process that has the imports done and runs the command in it, so that kills fall on the
work and not on imports; with --spawn each starts a Python of its own.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import argparse
import hashlib
import multiprocessing
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import transformers  # noqa: F401  imported before the first fork

import probe.engine.load
import probe.engine.trie
import probe.report.publish  # noqa: F401
from probe.cli import main as main_of_probe

PACKS_A_ROUND = 12
"""Most packs that a round may finish before it is killed."""


@dataclass
class Tally:
    """What was seen over all rounds."""

    rounds: int = 0
    killed: int = 0
    finished: int = 0
    packs: int = 0
    twice: int = 0
    lost: int = 0
    differing: int = 0
    left: list[int] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing was lost, read twice or different."""
        return not (self.twice or self.lost or self.differing)

    def __str__(self) -> str:
        return (
            f"{self.rounds} rounds: {self.killed} killed ({sum(n > 0 for n in self.left)} of them with some packs "
            f"finished and some not), {self.finished} ended; {self.packs} packs finished, {self.twice} of them read "
            f"twice, {self.lost} lost; {self.differing} tables differ from one that was never interrupted"
        )


def main() -> int:
    """Run the rounds; exit 1 if anything was lost, read twice or different."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--spawn", action="store_true", help="a Python of its own for each round")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        tally = kill_rounds(Path(place), chosen.rounds, random.Random(chosen.seed), spawn=chosen.spawn)
    sys.stdout.write(f"{tally}\n")
    return 0 if tally.sound else 1


def kill_rounds(place: Path, rounds: int, chance: random.Random, *, spawn: bool = False) -> Tally:
    """Kill `rounds` runs, each at a random moment of the time that a whole one takes."""
    start = spawned if spawn else forked
    (place / "whole").mkdir()
    started = time.monotonic()
    wait(start(place / "whole"), None)
    length = time.monotonic() - started
    whole, total = digest(place / "whole"), len(finished(place / "whole"))
    tally, here = Tally(), place / "killed"
    for number in range(rounds + 1):
        before = finished(here)
        here.mkdir(exist_ok=True)
        process = start(here)
        if number < rounds and await_moment(process, here, len(before), length, chance):
            process.kill()
        code = wait(process, None)
        after = finished(here)
        tally.rounds += 1
        tally.packs += len(after) - len(before)
        tally.twice += len(after) - len(set(after))
        tally.lost += sum(not list((here / "cache" / "packs").glob(f"*/{pack[:2]}/{pack}.pack")) for pack in set(after))
        if code == 0:
            tally.finished += 1
            tally.differing += digest(here) != whole
            shutil.rmtree(here)
        else:
            tally.killed += 1
            tally.left.append(len(after) if len(after) < total else 0)
    return tally


def await_moment(
    process: subprocess.Popen[bytes] | multiprocessing.Process,
    place: Path,
    before: int,
    length: float,
    chance: random.Random,
) -> bool:
    """Wait for the moment of a kill; whether the process still runs then."""
    if chance.random() < 1 / 3:
        return wait(process, chance.uniform(0.0, 1.1 * length)) is None
    wanted = before + chance.randint(1, PACKS_A_ROUND)
    while len(finished(place)) < wanted:
        if wait(process, 0.005) is not None:
            return False
    return wait(process, chance.uniform(0.0, 0.05)) is None


def command(place: Path) -> list[str]:
    """What is typed after ``probe``."""
    return ["run", "demo", "--design", "quick", "--limit", "3", "--out", str(place / "run")]


def spawned(place: Path) -> subprocess.Popen[bytes]:
    """The command in a Python of its own."""
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([sys.executable, "-m", "probe", *command(place)], env=environment(place), **silent)


def forked(place: Path) -> multiprocessing.Process:
    """The command in a child of this process, in which nothing has run yet and everything is imported."""
    process = multiprocessing.get_context("fork").Process(target=_run, args=(place,))
    process.start()
    return process


def environment(place: Path) -> dict[str, str]:
    """With a cache of its own."""
    return {**os.environ, "PROBE_CACHE": str(place / "cache")}


def _run(place: Path) -> None:
    os.environ.update(environment(place))
    with open(os.devnull, "w") as silent:  # noqa: PTH123  the null device is no path on some systems
        os.dup2(silent.fileno(), 1)
        os.dup2(silent.fileno(), 2)
    sys.exit(main_of_probe(command(place)))


def wait(process: subprocess.Popen[bytes] | multiprocessing.Process, seconds: float | None) -> int | None:
    """The exit code, or None if it still runs after so many seconds."""
    if isinstance(process, subprocess.Popen):
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
    process.join(seconds)
    return process.exitcode


def finished(place: Path) -> list[str]:
    """Packs that the log names, in order."""
    log = place / "run" / "run.log"
    lines = log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
    return [words[5] for words in (line.split("\t") for line in lines) if len(words) > 5 and words[2] == "pack"]


def digest(place: Path) -> str:
    """Of the table."""
    table = place / "run" / "readings.parquet"
    return hashlib.sha256(table.read_bytes()).hexdigest() if table.is_file() else ""


if __name__ == "__main__":
    sys.exit(main())
