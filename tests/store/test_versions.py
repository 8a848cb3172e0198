"""Guards: every library that can move a number is in the manifest with its version, and by its absence too."""

from __future__ import annotations

import importlib.metadata

import pytest

from probe.store import versions
from probe.store.versions import READ_WITH, library_versions

MERELY_BY_BEING_THERE = ["fla", "flash-linear-attention", "causal-conv1d", "kernels", "flash-attn", "triton"]


@pytest.fixture(autouse=True)
def nothing_remembered():
    """Versions are looked up once in a process."""
    versions.library_version.cache_clear()
    yield
    versions.library_version.cache_clear()


@pytest.mark.parametrize("name", MERELY_BY_BEING_THERE)
def test_what_changes_numbers_merely_by_being_installed(monkeypatch, name):
    real = importlib.metadata.version

    def version(asked):
        if asked in MERELY_BY_BEING_THERE:
            if asked == name:
                return "9.9"
            raise importlib.metadata.PackageNotFoundError(asked)
        return real(asked)

    monkeypatch.setattr(importlib.metadata, "version", version)
    found = library_versions()
    assert {other: found[other] for other in MERELY_BY_BEING_THERE} == {
        other: "9.9" if other == name else "absent" for other in MERELY_BY_BEING_THERE
    }
    assert name in READ_WITH


@pytest.mark.parametrize("name", ["torch", "transformers", "accelerate", "bitsandbytes", "tokenizers", "numpy"])
def test_what_reads_is_named_with_its_version(name):
    assert library_versions()[name] == importlib.metadata.version(name)
