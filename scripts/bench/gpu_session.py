"""One session on a GPU: everything that is only known once a GPU has run it, in ten minutes, one JSON line a result.

Blocks run in a process of their own, in their order. One that raises is reported and the next begins; one that passes
its cap, or takes its process with it, is reported and the others go on in a new process. `--small` runs every block at
small size on the CPU: what it then says is that the block works, and nothing about a GPU.

    python scripts/bench/gpu_session.py --out session.jsonl            on a GPU
    python scripts/bench/gpu_session.py --small --out session.jsonl    on a CPU
    python scripts/bench/gpu_session.py --table session.jsonl          into docs/benchmarks.md, from that file alone

Exit status: 0 if every block has reported and every bound was kept (at small size there are no bounds), else 1.
"""

from __future__ import annotations

import argparse
import json
import logging
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import page

BLOCKS: dict[str, int] = {
    "machine": 40,
    "families": 90,
    "memory": 90,
    "kernels": 40,
    "packs": 150,
    "fast": 90,
    "head": 40,
    "graph": 60,
    "neighbours": 60,
    "floor": 60,
    "quantised": 90,
    "hybrid": 60,
    "command": 120,
}
"""The blocks in their order, and the seconds after which one is given up; on a CPU eight times as many."""

START = 60
"""Seconds that a new process may take to import what it needs, beside its first block."""

Row = dict[str, Any]


def session(blocks: Sequence[str], *, small: bool) -> Iterator[Row]:
    """Results as they come; a block that reports nothing else reports why."""
    left = list(blocks)
    while left:
        yield from _process(left, small=small)


def _process(left: list[str], *, small: bool) -> Iterator[Row]:
    """Run blocks in one process until they are done or one must be given up; takes them off `left`."""
    command = [sys.executable, str(Path(__file__)), "--child", *left, *(["--small"] if small else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=_listen, args=(child, lines), daemon=True).start()
        cap = 8 if small else 1
        ends = time.monotonic() + cap * (START + BLOCKS[left[0]])
        while left:
            try:
                line = lines.get(timeout=max(0.0, ends - time.monotonic()))
            except queue.Empty:
                child.kill()
                yield {"block": left.pop(0), "error": "given up: it took longer than its cap"}
                return
            if not line:  # the process has ended
                yield {"block": left.pop(0), "error": f"its process ended with status {child.wait()}"}
                return
            row = json.loads(line)
            if "ended" in row:
                left.pop(0)
                ends = time.monotonic() + cap * BLOCKS[left[0]] if left else ends
            yield row


def _listen(child: subprocess.Popen[str], lines: queue.Queue[str]) -> None:
    """Hand on the lines that are results; an empty one at the end."""
    for line in child.stdout or ():
        if line.startswith("{"):
            lines.put(line)
    lines.put("")


def run_blocks(blocks: Sequence[str], *, small: bool) -> Iterator[Row]:
    """Run blocks in this process; each ends with a row of its seconds."""
    import gpu_blocks  # noqa: PLC0415  torch and the model, which the parent does without

    logging.disable(logging.WARNING)
    bench = gpu_blocks.Bench.of(small=small)
    for block in blocks:
        started = time.perf_counter()
        try:
            for row in getattr(bench, block)():
                yield {"block": block, **row}
        except Exception as error:  # noqa: BLE001  one block must not take the others with it
            yield {"block": block, "error": f"{type(error).__name__}: {str(error)[:300]}"}
        yield {"block": block, "ended": round(time.perf_counter() - started, 1)}


def failures(rows: Sequence[Row], *, small: bool) -> list[str]:
    """What went wrong: blocks that are missing or raised, and on a GPU the bounds that were not kept."""
    found = [f"{block}: no result" for block in BLOCKS if not any(row["block"] == block for row in rows)]
    found += [f"{row['block']}: {row['error']}" for row in rows if "error" in row]
    if not small:
        found += [f"{row['block']}: {row['what']}: {row['bound']}" for row in rows if row.get("kept") is False]
    return found


def table(rows: Sequence[Row]) -> str:
    """The results as a table in Markdown."""
    body = []
    for row in rows:
        if "ended" in row:
            continue
        if "error" in row:
            body.append([row["block"], "not measured", row["error"].replace("|", "/").replace("\n", " "), "", ""])
            continue
        kept = {True: "yes", False: "NO", None: ""}[row.get("kept")]
        value = row["value"]
        shown = f"{value:.4g}" if isinstance(value, float) else str(value)
        body.append([row["block"], row["what"], f"{shown} {row.get('unit', '')}".strip(), row.get("bound", ""), kept])
    return page.table(["block", "what", "measured", "bound", "kept"], body)


def main() -> int:
    """Run, or write the table of a session that was run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--small", action="store_true", help="tiny models on the CPU")
    parser.add_argument("--out", type=Path, help="file of one JSON line a result")
    parser.add_argument("--only", nargs="+", choices=BLOCKS, help="these blocks alone")
    parser.add_argument("--table", type=Path, help="put the table of such a file into docs/benchmarks.md")
    parser.add_argument("--child", nargs="+", choices=BLOCKS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.table:
        rows = [json.loads(line) for line in given.table.read_text(encoding="utf-8").splitlines()]
        where = next((row["value"] for row in rows if row.get("what") == "machine"), "unknown")
        page.put("gpu-session", table(rows), where=where)
        return 0
    if given.child:
        for row in run_blocks(given.child, small=given.small):
            print(json.dumps(row, allow_nan=False), flush=True)
        return 0
    rows = []
    for row in session(given.only or list(BLOCKS), small=given.small):
        rows.append(row)
        print(json.dumps(row), flush=True)
        if given.out:
            given.out.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    wrong = [line for line in failures(rows, small=given.small) if not given.only or line.split(":")[0] in given.only]
    print("\n".join(wrong) if wrong else "every block has reported", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
