"""A model that must not be loaded: what is asked for is there already, or is refused before."""

from __future__ import annotations

import pytest

__all__ = ["loads_nothing"]


def loads_nothing(monkeypatch):
    """From here on the test fails where a model is loaded."""
    monkeypatch.setattr("probe.engine.load.load_model", lambda *_, **__: pytest.fail("a model was loaded"))
