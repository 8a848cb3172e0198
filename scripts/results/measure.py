"""Measure the models of a file on `core` and keep their tables under results/.

    scripts/results/measure.py [results/models.yaml]

Says first how many floating-point operations it will take. Killed, it goes on where it was; once done, it computes
nothing. Weights stay where they are.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from places import FLAGS, KEPT, MEASURE, MEASURED, ROOT, TABLES, place_weights

from probe.design.models import own_models
from probe.errors import ProbeError

_OPERATIONS = re.compile(r"about ([0-9.e+]+) floating-point operations")


def probe(*words: str, quiet: bool = False) -> str:
    """Run the command; what it prints, where that is not shown.

    Raises:
        SystemExit: It failed; with its exit status.
    """
    done = subprocess.run(
        [sys.executable, "-m", "probe", *words],
        cwd=ROOT,
        check=False,
        text=True,
        stdout=subprocess.PIPE if quiet else None,
    )
    if done.returncode:
        raise SystemExit(done.returncode)
    return done.stdout or ""


def estimate(name: str, models: Path) -> float:
    """Floating-point operations that reading a model takes, as the plan says them."""
    found = _OPERATIONS.search(probe("run", name, "--models", str(models), *FLAGS, "--dry-run", quiet=True))
    return float(found[1]) if found else 0.0


def keep(name: str, operations: float) -> None:
    """Copy what the page is made of from a run folder to results/."""
    facts = {"operations": operations, **_date(name)}
    (KEPT / name).mkdir(parents=True, exist_ok=True)
    for file in ("manifest.json", "README.md", *TABLES):
        shutil.copyfile(MEASURED / name / file, KEPT / name / file)
    (KEPT / name / MEASURE).write_text(json.dumps(facts, sort_keys=True) + "\n", "utf-8")


def _date(name: str) -> dict[str, str]:
    """When its last pack was read, as a date; nothing where that is not known.

    A run that takes every pack from the store reads none and has no log. Where its readings are those that are kept,
    their date holds.
    """
    log, kept = MEASURED / name / "run.log", KEPT / name
    packs = [line for line in log.read_text("utf-8").splitlines() if "\tpack\t" in line] if log.is_file() else []
    if packs:
        return {"date": packs[-1][:10]}
    tables = (MEASURED / name / TABLES[0], kept / TABLES[0])
    if (kept / MEASURE).is_file() and tables[1].is_file() and len({table.read_bytes() for table in tables}) == 1:
        facts = json.loads((kept / MEASURE).read_text("utf-8"))
        return {key: value for key, value in facts.items() if key == "date"}
    return {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="?", type=Path, default=KEPT / "models.yaml")
    models = parser.parse_args().models.absolute()
    place_weights(models)
    names = list(own_models(models))
    operations = {name: estimate(name, models) for name in names}
    for name, count in operations.items():
        print(f"{name}: about {count:.1e} floating-point operations in all", flush=True)
    for name in names:
        probe("run", name, "--models", str(models), *FLAGS, "--out", str(MEASURED / name))
        keep(name, operations[name])


if __name__ == "__main__":
    try:
        main()
    except ProbeError as error:
        raise SystemExit(f"{error}") from None
