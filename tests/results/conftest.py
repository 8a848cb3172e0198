from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts" / "results"


@pytest.fixture
def script(monkeypatch):
    """``script(name)``: a script of scripts/results as a module; they find each other as they do when run."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(SCRIPTS)])
    return importlib.import_module
