"""Guards: exact mode is promised only where it holds, and set before torch could have read anything else."""

from __future__ import annotations

import os

import pytest

import probe
from probe.engine import exact_mode as exact
from probe.engine.exact_mode import EXACT_BRANCH, prepare_exact, unfit_machine
from probe.engine.precision import Precision
from probe.errors import EnvironmentFault, InputError
from probe.study.request import Request
from probe.study.resolve import resolve

INTEL = "vendor_id\t: GenuineIntel\nmodel name\t: Xeon\nflags\t\t: fpu avx2 avx512f\n"


@pytest.fixture
def fit(monkeypatch):
    """As on a machine that could."""
    monkeypatch.setattr(exact, "unfit_machine", lambda: None)
    monkeypatch.delenv("MKL_CBWR", raising=False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (INTEL, None),
        (INTEL.replace("avx512f", ""), "no AVX-512"),
        (INTEL.replace("GenuineIntel", "AuthenticAMD"), "not one of Intel"),
        ("", "not one of Intel"),
    ],
)
def test_the_processor_decides(tmp_path, monkeypatch, text, said):
    monkeypatch.setattr(exact.platform, "machine", lambda: "x86_64")
    path = tmp_path / "cpuinfo"
    path.write_text(text, encoding="utf-8")
    reason = unfit_machine(path)
    assert reason is None if said is None else said in reason


def test_another_kind_of_machine_is_unknown(monkeypatch, tmp_path):
    monkeypatch.setattr(exact.platform, "machine", lambda: "arm64")
    assert "arm64" in unfit_machine()
    monkeypatch.setattr(exact.platform, "machine", lambda: "x86_64")
    assert unfit_machine(tmp_path / "absent") is not None


def test_it_is_set_before_torch(fit):
    prepare_exact(Precision(), None, "auto", loaded=False)
    assert os.environ.pop("MKL_CBWR") == EXACT_BRANCH


def test_later_it_is_too_late_unless_it_was_set(fit, monkeypatch):
    with pytest.raises(EnvironmentFault, match="loaded already"):
        prepare_exact(Precision(), "cpu", "trie", loaded=True)
    assert "MKL_CBWR" not in os.environ
    monkeypatch.setenv("MKL_CBWR", EXACT_BRANCH)
    prepare_exact(Precision(), "cpu", "trie", loaded=True)


@pytest.mark.parametrize("precision", [Precision("bfloat16"), Precision(quant="int8"), Precision(compute="fp32")])
def test_other_numbers_are_refused(fit, precision):
    with pytest.raises(InputError, match="float32"):
        prepare_exact(precision, None, "auto", loaded=False)


def test_other_devices_and_readers_are_refused(fit):
    with pytest.raises(EnvironmentFault, match="cuda"):
        prepare_exact(Precision(), "cuda", "auto", loaded=False)
    with pytest.raises(InputError, match="trie"):
        prepare_exact(Precision(), None, "plain", loaded=False)


def test_it_is_refused_before_anything_is_read(monkeypatch):
    """Before files, models and torch: what is set later has no effect."""
    monkeypatch.setattr(exact, "unfit_machine", lambda: "this processor is another")
    monkeypatch.setattr("probe.study.resolve.load_models", lambda *_: pytest.fail("files were read"))
    with pytest.raises(EnvironmentFault, match="this processor is another"):
        resolve(Request(exact=True))


def test_a_run_ends_with_3_where_it_cannot_be(monkeypatch, tmp_path):
    monkeypatch.setattr(exact, "unfit_machine", lambda: "this processor is another")
    with pytest.raises(EnvironmentFault, match="this processor is another") as raised:
        probe.run("demo", exact=True, out=tmp_path / "run")
    assert raised.value.exit_code == 3
    assert not (tmp_path / "run").exists()
