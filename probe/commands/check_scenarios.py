"""What the linter finds in suites."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from probe.design.lint import Finding, TokenCount, check
from probe.design.lint import readback as _lines
from probe.design.strict_yaml import Faulty
from probe.design.suites import suite_paths
from probe.design.tradeoffs import read_tradeoff
from probe.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PROFILES", "Checked", "check_suites"]

PROFILES = ("suite", "imported")


@dataclass(frozen=True, slots=True)
class Checked:
    """Findings and, if asked for, which option stands for which principle.

    Attributes:
        files: How many files were looked at.
        findings: What a person should mend.
        counted: How often each rule of the suite is broken that the profile counts only.
        readback: The lines of `probe.design.lint.readback`.
    """

    files: int
    findings: tuple[Finding, ...]
    counted: dict[str, int]
    readback: tuple[str, ...]

    def text(self) -> str:
        """A line each, then the count."""
        found = _numbered(len(self.findings), "finding") if self.findings else "clean"
        count = f"{_numbered(self.files, 'file')}, {found}"
        counted = [f"counted, no finding: {rule} {number}" for rule, number in self.counted.items()]
        return "\n".join([*self.readback, *map(str, self.findings), *counted, count])

    def json(self) -> str:
        """The same for other tools."""
        content = {"files": self.files, "findings": [asdict(one) for one in self.findings], "counted": self.counted}
        return json.dumps({**content, "readback": list(self.readback)}, indent=1, ensure_ascii=False)


def _numbered(count: int, what: str) -> str:
    """A count and its noun.

    Example:
        >>> _numbered(1, "file"), _numbered(2, "file")
        ('1 file', '2 files')
    """
    return f"{count} {what}{'' if count == 1 else 's'}"


def check_suites(
    names: Sequence[str], *, readback: bool, profile: str = "suite", tokenizers: Sequence[Path] = ()
) -> Checked:
    """Lint every file of suites, folders or paths.

    Args:
        names: Suites, folders or files.
        readback: Whether to say which option stands for which principle.
        profile: ``suite`` holds files to every rule; ``imported`` to those of structure, and counts the others.
        tokenizers: Folders whose tokenizers measure the length of options too.

    Raises:
        InputError: The profile is not known, two tokenizers have the same name, or a folder holds none.
    """
    if profile not in PROFILES:
        raise InputError(f"--profile {profile}: not known. Use one of {', '.join(PROFILES)}.")
    paths = tuple(suite_paths(names))
    lines = [line for path in paths for line in _read_back(path)] if readback else []
    found = check(paths, _token_counts(tokenizers))
    kept = tuple(one for one in found if profile == "suite" or one.structural)
    counted = Counter(one.rule for one in found if one not in kept)
    return Checked(len(paths), kept, dict(sorted(counted.items())), tuple(lines))


def _token_counts(folders: Sequence[Path]) -> dict[str, TokenCount]:
    counts = {f"tokens of {folder.resolve().name}": _token_count(folder) for folder in folders}
    if len(counts) < len(folders):
        raise InputError("--tokenizer: two folders have the same name. Rename one.")
    return counts


def _token_count(folder: Path) -> TokenCount:
    from probe.prompts.tokenizer import load_encoder  # noqa: PLC0415  # takes seconds to import

    if not folder.is_dir():
        raise InputError(f"--tokenizer {folder}: not a folder. Give the folder of a model or of its tokenizer.")
    encoder = load_encoder(folder, folder.name)
    return lambda text: len(encoder.encode([f" {text}"])[0])  # an option follows its label and a space


def _read_back(path: Path) -> list[str]:
    try:
        _, tradeoff = read_tradeoff(path)
    except Faulty:
        return []  # the finding says why
    return list(_lines(tradeoff))
