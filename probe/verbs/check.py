"""What the linter finds in suites."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from probe.design.lint import Finding, check
from probe.design.lint import readback as _lines
from probe.design.strict_yaml import Faulty
from probe.design.suites import suite_paths
from probe.design.tradeoffs import read_tradeoff

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Checked", "check_suites"]


@dataclass(frozen=True, slots=True)
class Checked:
    """Findings and, if asked for, which option stands for which principle."""

    files: int
    findings: tuple[Finding, ...]
    readback: tuple[str, ...]

    def text(self) -> str:
        """A line each, then the count."""
        count = f"{self.files} files, {len(self.findings)} findings" if self.findings else f"{self.files} files, clean"
        return "\n".join([*self.readback, *map(str, self.findings), count])

    def json(self) -> str:
        """The same for other tools."""
        content = {"files": self.files, "findings": [asdict(one) for one in self.findings]}
        return json.dumps({**content, "readback": list(self.readback)}, indent=1, ensure_ascii=False)


def check_suites(names: Sequence[str], *, readback: bool) -> Checked:
    """Lint every file of suites, folders or paths."""
    paths = tuple(suite_paths(names))
    lines: list[str] = []
    if readback:
        for path in paths:
            lines += _read_back(path)
    return Checked(len(paths), tuple(check(paths)), tuple(lines))


def _read_back(path: Path) -> list[str]:
    try:
        _, tradeoff = read_tradeoff(path)
    except Faulty:
        return []  # the finding says why
    return list(_lines(tradeoff))
