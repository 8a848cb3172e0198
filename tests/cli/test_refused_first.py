"""Guards: what can be refused is refused before weights are fetched, hashed or read."""

from __future__ import annotations

import errno
import os

import pytest

import probe.study.resolve
from probe.cli import main
from probe.errors import EnvironmentFault
from probe.store.disk import reported


@pytest.fixture(autouse=True)
def nothing_is_hashed(monkeypatch):
    monkeypatch.setattr(probe.study.sources, "identify", lambda *_, **__: pytest.fail("weights were hashed"))


@pytest.mark.parametrize("verb", ["run", "report"])
def test_unknown_kinds_of_figures(verb, tmp_path, capsys):
    given = ["--out", str(tmp_path / "r")] if verb == "run" else [str(tmp_path)]
    assert main([verb, *given, "--figures", "sgv"]) == 2
    assert "--figures sgv: 'sgv' is not known. Use svg, pdf, png" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["demo", "demo"], "two models are called 'demo'"),
        (["--limit", "0"], "--limit: at least 1 cluster is needed, found 0"),
        (["--dtype", "float8"], "--dtype float8: not known"),
        (["--design", "nothing"], "design 'nothing'"),
        (["--base", "demo"], "--base: is the model that an adapter is merged into"),
    ],
)
def test_what_no_study_can_be(words, said, tmp_path, capsys):
    assert main(["run", *words, "--out", str(tmp_path / "r")]) == 2
    assert said in capsys.readouterr().err


def test_unknown_suites(tmp_path, capsys):
    assert main(["run", "--suite", "nothing", "--out", str(tmp_path / "r")]) == 2
    assert "suite 'nothing'" in capsys.readouterr().err


@pytest.mark.parametrize(("engine", "package"), [("ray", "ray"), ("slurm", "submitit")])
def test_absent_extras(engine, package, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("probe.study.request.find_spec", lambda _: None)
    assert main(["run", "--engine", engine, "--out", str(tmp_path / "r")]) == 3
    assert f"{package} is not installed" in capsys.readouterr().err


@pytest.mark.parametrize(("out", "said"), [("file/r", "file/r: file is a file"), ("file", "file: is a file")])
def test_an_output_that_is_a_file(out, said, tmp_path, capsys):
    (tmp_path / "file").write_text("x")
    assert main(["run", "--out", str(tmp_path / out)]) == 2
    assert f"{said}, and a run needs a folder. Name another with --out." in capsys.readouterr().err


def test_an_output_that_cannot_be_written(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert main(["run", "--out", str(tmp_path / "r")]) == 3
    assert f"{tmp_path.name} cannot be written. Choose another folder" in capsys.readouterr().err


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EPERM])
def test_the_remedy_of_a_read_only_cache_is_not_room(number):
    with (
        pytest.raises(EnvironmentFault, match=r"Room would not help: .*PROBE_CACHE") as caught,
        reported("x", "Make room"),
    ):
        raise OSError(number, os.strerror(number))
    assert "Make room" not in str(caught.value)
    with pytest.raises(EnvironmentFault, match="Make room"), reported("x", "Make room"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
