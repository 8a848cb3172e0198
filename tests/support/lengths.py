"""A run of any number of items on an engine that costs nothing, and what it took: for a process of its own."""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path

import psutil
import pytest

__all__ = ["many_items", "measured"]


def many_items(path: Path, items: int) -> Path:
    """A trade-off of one revealed scenario whose factors cross into so many items, a stated root and its mate."""
    side = max(1, items // 100)
    factors = {
        "day": {f"d{n}": f"on day {n}" for n in range(min(100, items))},
        "hour": {f"h{n}": f"at hour {n}" for n in range(side)},
    }
    options = {"share": "Share it.", "keep": "Keep it."}
    content = {
        "tradeoff": "many",
        "family": "test",
        "principles": {"share": "sharing", "keep": "keeping"},
        "sources": ["made for this test"],
        "stated": [{"id": "ask", "form": "choose", "text": "Which is better?", "options": options, "paraphrases": []}],
        "revealed": [
            {
                "id": "bread",
                "text": "You have bread {{day}} {{hour}}. What do you do?",
                "factors": factors,
                "options": options,
                "why": options,
            }
        ],
        "controls": [],
    }
    path.write_text(json.dumps(content, indent=1))  # which is YAML, too
    return path


def measured(place: str, items: int) -> dict[str, float]:
    """Run so many items of the real engine's way with a fake engine, in this process: peak memory and open files."""
    os.environ["PROBE_CACHE"] = f"{place}/cache"
    from faults import install_fake_engine

    import probe.study.pack_reading
    from probe.progress import Silent
    from probe.run import measure
    from probe.store.cache import Cache
    from probe.store.folder import RunFolder
    from probe.study.request import Request
    from probe.study.resolve import resolve

    patch = pytest.MonkeyPatch()
    install_fake_engine(patch)
    files = []
    real = probe.study.pack_reading.shard_rows
    patch.setattr(
        probe.study.pack_reading, "shard_rows", lambda rows: files.append(psutil.Process().num_fds()) or real(rows)
    )
    suite = many_items(Path(place) / "many.yaml", items)
    design = Path(place) / "design.yaml"
    design.write_text("design: two\naxes: {order: [p1, p2]}\n")
    request = Request(suite=(str(suite),), design=str(design))
    study = resolve(request)
    begin = _peak()
    measure(study, RunFolder(Path(place) / "run"), Silent(), Cache(Path(place) / "cache"))
    rows = RunFolder(Path(place) / "run").readings().num_rows
    return {
        "start": begin,
        "peak": _peak(),
        "files": max(files),
        "items": len(study.items),
        "rows": rows,
    }


def _peak() -> float:
    """Most memory of this process so far, in MiB."""
    status = Path("/proc/self/status")
    if status.is_file():  # where usage begins with the parent's
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 2**10
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
