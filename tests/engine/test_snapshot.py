"""Guards: a model's identity is its files' content, wherever they lie; the hub is never needed for what is cached."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import time

import pytest
from tiny import tiny_model

import probe.engine.snapshot
from probe.engine.snapshot import fetch_snapshot, identify
from probe.errors import EnvironmentFault, ModelError

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "tiny"
    tiny_model("llama").save_pretrained(path)
    return path


@pytest.fixture
def hub_cache(tmp_path, monkeypatch):
    """An empty cache of the hub's, and no network."""

    def refuse(*_, **__):
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    path = tmp_path / "hub"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(path))
    monkeypatch.setattr("huggingface_hub._snapshot_download.constants.HF_HUB_CACHE", str(path))
    return path


def test_one_byte_of_the_weights_changes_the_identity(folder):
    before = identify(folder, "tiny").identity
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert identify(folder, "tiny").identity != before


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json", "chat_template.jinja", "vocab.txt"])
def test_every_file_that_a_reading_depends_on_counts(folder, name):
    before = identify(folder, "tiny").identity
    (folder / name).write_text("{}")
    assert identify(folder, "tiny").identity != before


@pytest.mark.parametrize("name", ["README.md", "truth.json", "pytorch_model.bin"])
def test_other_files_do_not_count(folder, name):
    before = identify(folder, "tiny").identity
    (folder / name).write_text("{}")
    assert identify(folder, "tiny").identity == before


def test_the_path_does_not_count(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "elsewhere" / "other-name")
    other = identify(tmp_path / "elsewhere" / "other-name", "other")
    assert other.identity == identify(folder, "tiny").identity
    assert other.revision is None


def test_a_files_name_counts(folder):
    before = identify(folder, "tiny").identity
    (folder / "model.safetensors").rename(folder / "model-00001-of-00001.safetensors")
    assert identify(folder, "tiny").identity != before


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    (tmp_path / "nothing").mkdir()
    with pytest.raises(ModelError, match=r"x: nothing/ holds no config.json.*It needs config.json"):
        identify(tmp_path / "nothing", "x")


@pytest.mark.parametrize("offline", [True, False])
def test_what_is_not_cached_is_the_machines_fault_without_network(hub_cache, offline):
    with pytest.raises(EnvironmentFault, match="someone/nothing") as caught:
        fetch_snapshot("someone/nothing", "nothing", None, offline=offline)
    assert caught.value.exit_code == 3
    assert not list(hub_cache.rglob("*.safetensors"))


def test_what_is_cached_needs_no_network(hub_cache, folder):
    home = hub_cache / "models--someone--tiny"
    shutil.copytree(folder, home / "snapshots" / COMMIT)
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text(COMMIT)
    found = fetch_snapshot("someone/tiny", "tiny", None, offline=True)
    assert found.revision == COMMIT
    assert found.identity == identify(folder, "tiny").identity
    assert fetch_snapshot("someone/tiny", "tiny", COMMIT, offline=True).files == found.files


def test_a_blob_of_the_hubs_cache_is_hashed_like_any_file(folder):
    path = folder / "model.safetensors"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    plain = identify(folder, "tiny").identity
    path.rename(folder.parent / digest)
    path.symlink_to(folder.parent / digest)
    assert identify(folder, "tiny").files["model.safetensors"] == digest
    assert identify(folder, "tiny").identity == plain


def linked(folder):
    """The weights as the hub's cache keeps them: behind a link, named by their hash."""
    path = folder / "model.safetensors"
    blob = folder.parent / hashlib.sha256(path.read_bytes()).hexdigest()
    path.rename(blob)
    path.symlink_to(blob)
    return blob


def flip(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def test_a_damaged_blob_is_refused(folder):
    blob = linked(folder)
    flip(blob)
    with pytest.raises(ModelError, match=r"tiny: model.safetensors is damaged: .*probe pull"):
        identify(folder, "tiny")


def test_a_link_to_nothing_is_refused(folder):
    linked(folder).unlink()
    with pytest.raises(ModelError, match=r"model.safetensors is a link to nothing"):
        identify(folder, "tiny")


class Remembered(dict):
    def put(self, key, value):
        self[key] = value


@pytest.mark.parametrize("kept_as", [linked, lambda folder: folder / "model.safetensors"], ids=["blob", "file"])
def test_a_file_is_hashed_once_until_any_of_its_times_moves(folder, kept_as, monkeypatch):
    monkeypatch.setattr(probe.engine.snapshot, "_SETTLED_SECONDS", -1.0)
    hashed, real = [], probe.engine.snapshot._file_hash
    monkeypatch.setattr(probe.engine.snapshot, "_file_hash", lambda path: hashed.append(path.name) or real(path))
    path, known = kept_as(folder), Remembered()
    before = identify(folder, "tiny", known=known).identity
    assert "model.safetensors" in hashed
    hashed.clear()
    assert identify(folder, "tiny", known=known).identity == before
    assert hashed == []
    times = path.stat()
    time.sleep(0.02)
    flip(path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # the time of its last change of state alone moves
    if path.parent == folder:
        assert identify(folder, "tiny", known=known).identity != before
    else:
        with pytest.raises(ModelError, match="damaged"):
            identify(folder, "tiny", known=known)
    assert "model.safetensors" in hashed


def test_a_file_that_changed_just_now_is_not_remembered_whatever_its_time_of_writing(folder):
    for path in folder.iterdir():
        os.utime(path, (1e9, 1e9))  # of many years ago; the time of its last change of state stays now
    known = Remembered()
    identify(folder, "tiny", known=known)
    assert known == {}
