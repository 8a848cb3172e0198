"""Guards: the commit goes where the entry stands and nowhere else; what cannot be written is printed."""

from __future__ import annotations

import shutil

import pytest

from probe.cli import main
from probe.design.data import data_path
from probe.design.models import load_models, read_models_text

COMMIT = "0123456789abcdef0123456789abcdef01234567"
MINE = """\
# mine
models:
  - id: mine  # the best
    hub: org/name
    revision: null  # look it up
    family: f
    kind: base
    licence: MIT
  - id: folder
    path: weights
    family: f
    kind: base
    licence: MIT
"""


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(MINE, encoding="utf-8")
    return path


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A copy of the shipped file, as if it were a repository's own."""
    path = tmp_path / "models.yaml"
    shutil.copyfile(data_path("models.yaml"), path)
    for module in ("probe.commands.pull", "probe.design.models"):
        monkeypatch.setattr(f"{module}.data_path", lambda _: path)
    return path


def test_a_commit_is_written_into_the_user_s_file(mine, hub, capsys):
    assert main(["models", "pin", "mine", "--models", str(mine), "--revision", "v2"]) == 0
    assert mine.read_text(encoding="utf-8") == MINE.replace("null", COMMIT)
    assert f"mine is pinned to {COMMIT}" in capsys.readouterr().out
    assert hub.asked == [("org/name", "v2")]


def test_a_byte_order_mark_stays(mine, hub):
    mine.write_bytes(b"\xef\xbb\xbf" + MINE.encode())
    assert main(["models", "pin", "mine", "--models", str(mine)]) == 0
    assert mine.read_bytes() == b"\xef\xbb\xbf" + MINE.replace("null", COMMIT).encode()


def test_a_repository_s_own_list_is_written(shipped, hub):
    before = shipped.read_text(encoding="utf-8")
    assert main(["models", "pin", "gpt2"]) == 0
    after = shipped.read_text(encoding="utf-8")
    assert after.replace(f"    revision: {COMMIT}\n", "", 1) == before
    assert load_models()["gpt2"].revision == COMMIT


@pytest.mark.parametrize("why", ["another file", "an installed package"])
def test_an_entry_that_cannot_be_written_is_printed(shipped, mine, hub, capsys, monkeypatch, why):
    before = shipped.read_bytes()
    more = ["--models", str(mine)] if why == "another file" else []
    if why == "an installed package":
        monkeypatch.setattr("probe.commands.pull.PACKAGE", shipped.parent)
    assert main(["models", "pin", "gpt2", *more]) == 0
    printed = capsys.readouterr().out
    assert shipped.read_bytes() == before
    assert mine.read_text(encoding="utf-8") == MINE
    (entry,) = read_models_text("models:\n" + printed, "printed").values()
    assert (entry.id, entry.revision) == ("gpt2", COMMIT)


@pytest.mark.parametrize(
    ("model", "code", "words"),
    [
        ("folder", 2, "only what comes from the hub has a commit"),
        ("org/unlisted", 2, "has no entry to pin"),
        ("mien", 2, "Did you mean 'mine'?"),
    ],
)
def test_what_cannot_be_pinned(mine, hub, capsys, model, code, words):
    assert main(["models", "pin", model, "--models", str(mine)]) == code
    assert words in capsys.readouterr().err
    assert hub.asked == []


@pytest.mark.parametrize(("kind", "code"), [("GatedRepoError", 2), ("connect", 3)])
def test_the_hub_s_errors_write_nothing(mine, hub, hub_error, capsys, kind, code):
    hub.error = hub_error(kind)
    assert main(["models", "pin", "mine", "--models", str(mine)]) == code
    assert mine.read_text(encoding="utf-8") == MINE


def test_a_file_that_cannot_be_written_is_told_with_the_line(mine, hub, capsys, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert main(["models", "pin", "mine", "--models", str(mine)]) == 3
    assert f"Write 'revision: {COMMIT}' into the entry 'mine' by hand" in capsys.readouterr().err
    assert mine.read_text(encoding="utf-8") == MINE


def test_pulling_tells_where_and_how_much(mine, tmp_path, monkeypatch, capsys, hub):
    asked = []
    folder = tmp_path / COMMIT
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"\0" * 2**20 * 11)
    (folder / "config.json").write_text("{}")

    def fetched(hub_id: str, **given: object) -> str:
        asked.append((hub_id, given["revision"]))
        return str(folder)

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetched)
    assert main(["models", "pull", "mine", "--models", str(mine)]) == 0
    out = capsys.readouterr().out
    assert f"mine: 2 files, 0.01 GiB, commit {COMMIT}" in out
    assert "`probe run mine --offline`" in out
    mine.write_text(MINE.replace("null", COMMIT[::-1]), encoding="utf-8")
    assert main(["models", "pull", "mine", "--models", str(mine)]) == 0
    assert main(["models", "pull", "mine", "--models", str(mine), "--revision", "v2"]) == 0
    assert main(["models", "pull", "someone/else"]) == 0
    assert asked == [("org/name", None), ("org/name", COMMIT[::-1]), ("org/name", "v2"), ("someone/else", None)]
    assert main(["models", "pull", "folder", "--models", str(mine)]) == 2
    assert "Nothing to fetch" in capsys.readouterr().err
