"""Guards: what lies in the hub's cache is never asked for again, what is cut short is, and a failed validity check says what to do."""

from __future__ import annotations

import shutil
import socket

import httpx2
import pytest
from huggingface_hub import errors

import probe
from probe.engine.hub import missing_weights, reported
from probe.engine.snapshot import fetch_snapshot
from probe.errors import ModelError

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def calls(monkeypatch):
    """What went out to the network: nothing can, and the hub's library believes to be online."""
    made = []

    def refuse(*args, **_):
        made.append(str(args[-1]))
        raise httpx2.ConnectError("no network in this test")

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr(httpx2.Client, "send", refuse)
    monkeypatch.setattr(httpx2.AsyncClient, "send", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    return made


@pytest.fixture
def cached(tmp_path, monkeypatch, demo_folder):
    """The embedded model in a cache of the hub's, as org/name; returns its place there."""
    home = tmp_path / "hub"
    for module in ("huggingface_hub.constants", "huggingface_hub._snapshot_download.constants"):
        monkeypatch.setattr(f"{module}.HF_HUB_CACHE", str(home))
    place = home / "models--org--name"
    shutil.copytree(demo_folder, place / "snapshots" / COMMIT)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text(COMMIT)
    return place / "snapshots" / COMMIT


@pytest.mark.parametrize("revision", [None, COMMIT, "main"])
@pytest.mark.parametrize("offline", [True, False])
def test_what_is_cached_is_not_asked_for(cached, calls, revision, offline):
    found = fetch_snapshot("org/name", "m", revision, offline=offline)
    assert (found.folder, found.revision) == (cached, COMMIT)
    assert calls == []


def test_a_whole_run_of_a_cached_model_asks_nobody(cached, calls, tmp_path):
    results = probe.run("org/name", suite="demo", design="quick", limit=1, out=tmp_path / "run")
    record = results.manifest.models["org/name"]
    assert (record.revision, record.source) == (COMMIT, "org/name")
    assert calls == []


@pytest.mark.parametrize("lost", ["model.safetensors", "config.json", "tokenizer.json"])
def test_what_was_cut_short_is_asked_for(cached, monkeypatch, lost):
    asked = []

    def fetched(hub_id, **given):
        asked.append(given.get("local_files_only", False))
        return str(cached)

    for path in cached.glob(f"{lost.partition('.')[0]}*"):
        path.rename(cached.parent / path.name)
    monkeypatch.setattr("huggingface_hub.snapshot_download", fetched)
    if lost == "config.json":
        with pytest.raises(ModelError, match=r"holds no config\.json"):
            fetch_snapshot("org/name", "m", None, offline=False)
    else:
        fetch_snapshot("org/name", "m", None, offline=False)
    assert asked == [True, False]


@pytest.mark.parametrize(
    ("files", "missing"),
    [
        ([], "*.safetensors"),
        (["model.safetensors"], None),
        (["model-00001-of-00001.safetensors"], None),
        (["model-00001-of-00003.safetensors"], "model.safetensors.index.json"),
    ],
)
def test_what_weights_lack(tmp_path, files, missing):
    for name in files:
        (tmp_path / name).touch()
    assert missing_weights(tmp_path) == missing


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (
            None,
            r"org/name is gated\. Accept its licence on the hub's page, then log in with `hf auth login` or set HF_TOKEN",
        ),
        ("hf_x", r"org/name is gated\. Accept its licence.*a token was found and sent, and its account has no access"),
    ],
)
def test_a_gate_says_whether_a_token_was_sent(monkeypatch, token, words):
    monkeypatch.setattr("huggingface_hub.get_token", lambda: token)
    request = httpx2.Request("GET", "https://hub.invalid/api/models/org/name")
    error = errors.GatedRepoError("refused", response=httpx2.Response(403, request=request))
    with pytest.raises(ModelError, match=words) as caught, reported("org/name", "m", None):
        raise error
    assert "hf_x" not in str(caught.value)
