"""Modules of the package, imported where what they need is installed."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from types import ModuleType

import pytest

__all__ = ["imported", "needs"]

_EXTRAS = {"probe.workers.on_ray": "ray", "probe.workers.on_slurm": "submitit"}
"""Modules that only an extra makes importable, and what they need of it."""


def needs(name: str) -> str | None:
    """The package that is missing for a module; None if it can be imported."""
    extra = _EXTRAS.get(name)
    return extra if extra is not None and find_spec(extra) is None else None


def imported(name: str) -> ModuleType:
    """A module; the test is skipped where its extra is not installed."""
    missing = needs(name)
    if missing is not None:
        pytest.skip(f"{name} needs {missing}: make extras")
    return importlib.import_module(name)
