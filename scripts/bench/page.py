"""Figures in docs/benchmarks.md: each script fills the section that bears its name, with the machine it ran on."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil
import torch

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
LIBRARIES = ("torch", "transformers", "numpy", "lm_eval")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def machine() -> str:
    """What figures depend on, in general words: no name of a machine."""
    if torch.cuda.is_available():
        where = f"one {torch.cuda.get_device_name()}"
    else:
        size = psutil.virtual_memory().total / 2**30
        kind = torch.backends.cpu.get_cpu_capability()
        cores = f"{os.cpu_count()} cores {platform.machine()} with {kind}"
        where = f"{cores}, {size:.0f} GiB, {torch.get_num_threads()} threads"
    return f"{where}; Python {platform.python_version()}, {', '.join(_versions())}"


def _versions() -> Iterable[str]:
    for name in LIBRARIES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            continue


def put(section: str, text: str, page: Path = PAGE, *, where: str = "") -> None:
    """Replace what stands in a section of the page.

    Args:
        section: Its name.
        text: What is to stand there.
        page: The file.
        where: The machine that was measured; default: this one.

    Raises:
        ValueError: The page has no such section.
    """
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    before = page.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    after, count = pattern.subn(lambda _: f"{begin}\n{text}\n\n*Machine: {where or machine()}.*\n{end}", before)
    if count != 1:
        raise ValueError(f"{page.name}: has {count} sections {section}, not one")
    page.write_text(after, encoding="utf-8")
