"""Hold a demo run, a run of two models and the help against what they were when the move of the house began.

    scripts/same_as_before.py            compare
    scripts/same_as_before.py --freeze   write tests/data/before.json anew

The clock is fixed and the cache is its own, so that everything but the code is fixed. The numbers are those of the
kind of CPU that froze them: another kind differs in last bits, and is told so by the readings differing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FROZEN = ROOT / "tests" / "data" / "before.json"
OF_SOURCE = re.compile(rb"((?:manifest_sha256|engine)(?:&#34;|\"): (?:&#34;|\"))[0-9a-f]{64}")
"""The one thing of a report that may differ: what is a hash over the text of the reading code."""

HELP = "import write_cli_docs; print(write_cli_docs.page())"
KEPT = ("readings.parquet", "results.json", "report.html")


def run_all(folder: Path) -> dict[str, str]:
    import time  # noqa: PLC0415

    time.perf_counter = lambda: 0.0
    os.environ.update(PROBE_CACHE=str(folder / "cache"), PROBE_FIGURES="none", HF_HUB_OFFLINE="1")
    sys.path.insert(0, str(ROOT))
    import probe  # noqa: PLC0415

    os.chdir(folder)
    twin = folder / "twin"
    shutil.copytree(ROOT / "probe" / "demo_model", twin)
    (twin / "truth.json").unlink()
    probe.run("demo", design="quick", out="one", threads=1)
    probe.run(["demo", str(twin)], suite="demo", design="quick", limit=2, out="two", threads=1)
    files = {f"{run}/{name}": (folder / run / name).read_bytes() for run in ("one", "two") for name in KEPT}
    written = subprocess.run([sys.executable, "-c", HELP], check=True, cwd=ROOT / "scripts", capture_output=True)
    files["cli.md"] = written.stdout
    return {name: hashlib.sha256(OF_SOURCE.sub(rb"\1", data)).hexdigest() for name, data in files.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--freeze", action="store_true")
    parser.add_argument("--keep", type=Path, help="a new folder for the files themselves, to look at a difference")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        found = run_all(Path(scratch))
        if options.keep:
            shutil.copytree(scratch, options.keep, ignore=shutil.ignore_patterns("cache"))
    if options.freeze:
        FROZEN.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        return 0
    frozen = json.loads(FROZEN.read_text(encoding="utf-8"))
    for name, digest in frozen.items():
        print("same   " if found[name] == digest else "DIFFERS", name)
    return 0 if found == frozen else 1


if __name__ == "__main__":
    sys.exit(main())
