"""Guards: every library that can move a number is in the manifest with its version, and by its absence too."""

from __future__ import annotations

import importlib.metadata
import subprocess

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


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of two rooms in a checkout of its own; `git` runs a command there."""
    for room in ("engine", "prompts", "analysis", "report", "store"):
        (tmp_path / "probe" / room).mkdir(parents=True)
        (tmp_path / "probe" / room / "a.py").write_text(f"# {room}\n")
    monkeypatch.setattr(versions, "_PACKAGE", tmp_path / "probe")
    remembered = (versions.source_sha256, versions.code_record)
    for one in remembered:
        one.cache_clear()
    yield tmp_path / "probe"
    for one in remembered:
        one.cache_clear()


def hashes():
    versions.source_sha256.cache_clear()
    versions.code_record.cache_clear()
    record = versions.code_record()
    return record["reading"], record["deriving"]


@pytest.mark.parametrize("room", ["engine", "prompts", "analysis", "report", "store"])
def test_a_byte_of_the_code_and_the_name_of_a_file_change_the_hash_of_its_part_alone(package, room):
    found = [hashes()]
    (package / room / "a.py").write_text("# another\n")
    found.append(hashes())
    (package / room / "a.py").rename(package / room / "b.py")
    found.append(hashes())
    (package / room / "c.yaml").write_text("what is no code of Python: counts too\n")
    found.append(hashes())
    own = 0 if room in versions.READING else 1
    assert len({one[own] for one in found}) == 4
    assert len({one[1 - own] for one in found}) == 1


def test_the_commit_and_whether_the_package_differs_from_it(package):
    def git(*words):
        subprocess.run(
            ["git", "-C", str(package.parent), "-c", "user.name=n", "-c", "user.email=e", *words], check=True
        )

    hashes()
    assert versions.code_record().keys() == {"reading", "deriving", "version"}, "installed, or without git"
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "all")
    (package.parent / "beside.txt").write_text("no part of the package")
    hashes()
    assert len(versions.code_record()["commit"]) == 40
    assert versions.code_record()["changed"] == "no"
    (package / "engine" / "a.py").write_text("# another\n")
    hashes()
    assert versions.code_record()["changed"] == "yes"
