"""The package's modules as syntax trees: what each imports, wherever the import stands."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Source:
    """One module of the package."""

    name: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def room(self) -> str:
        """The sub-package, or the module itself where it stands at the top: ``design``, ``run``, ``__init__``."""
        parts = self.name.split(".")
        return parts[1] if len(parts) > 1 else "__init__"

    @cached_property
    def imports(self) -> frozenset[str]:
        """Full names of what it imports, also inside functions and for type checkers alone."""
        found = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.name}:{node.lineno}: a relative import"
                assert node.module is not None
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
        return frozenset(found)

    @property
    def rooms(self) -> frozenset[str]:
        """Rooms and top-level modules of probe that it imports."""
        parts = [name.split(".") for name in self.imports if name.split(".")[0] == "probe"]
        return frozenset(one[1] if len(one) > 1 else "__init__" for one in parts)


def sources() -> list[Source]:
    """Every module of the package."""
    return [_source(path) for path in sorted((ROOT / "probe").rglob("*.py"))]


def _source(path: Path) -> Source:
    parts = path.relative_to(ROOT).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Source(name, path.read_text(encoding="utf-8"))
