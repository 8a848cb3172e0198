"""Guards: each answer of the hub ends with its own code and says what to do; nothing is taken for more than it is."""

from __future__ import annotations

import json

import pytest

from probe.commands.hub import ask_hub, fetch
from probe.engine.hub import cached_folder
from probe.errors import EnvironmentFault, ModelError

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("kind", "error", "code", "words"),
    [
        ("GatedRepoError", ModelError, 2, r"m: org/name is gated\. Accept its licence.*`hf auth login`"),
        ("RevisionNotFoundError", ModelError, 2, r"m: org/name has no revision v9\. Give a commit, tag or branch"),
        ("RepositoryNotFoundError", ModelError, 2, r"m: the hub has no model org/name that you may read\. Check"),
        ("HfHubHTTPError", EnvironmentFault, 3, r"m: the hub could not be reached for org/name \(HfHubHTTPError\)"),
        ("connect", EnvironmentFault, 3, r"could not be reached .*\(ConnectError\)\. Check the network"),
        ("offline", EnvironmentFault, 3, r"could not be reached .*HF_HUB_OFFLINE is not set"),
    ],
)
@pytest.mark.parametrize("question", ["ask", "download"])
def test_errors(hub, hub_error, monkeypatch, kind, error, code, words, question):
    hub.error = hub_error(kind)

    def refuse(*_: object, **__: object) -> str:
        raise hub.error

    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
    with pytest.raises(error, match=words) as caught:
        ask_hub("org/name", "m", "v9") if question == "ask" else fetch("org/name", "m", "v9")
    assert caught.value.exit_code == code


@pytest.mark.parametrize(
    ("gated", "licence", "name", "expected"),
    [
        (False, "apache-2.0", None, (False, "apache-2.0")),
        ("auto", "other", "falcon-llm-license", (True, "falcon-llm-license")),
        ("manual", "other", None, (True, None)),
        (None, None, "unused", (None, None)),
        (False, ["mit", "apache-2.0"], None, (False, None)),
    ],
)
def test_answers(hub, gated, licence, name, expected):
    hub.gated, hub.licence, hub.licence_name = gated, licence, name
    facts = ask_hub("org/name", "m", "v9")
    assert (facts.gated, facts.licence) == expected
    assert facts.commit == COMMIT
    assert hub.asked == [("org/name", "v9")]


def test_no_commit_is_no_answer(hub):
    hub.sha = None
    with pytest.raises(ModelError, match="names no commit of org/name"):
        ask_hub("org/name", "m", None)


def test_the_cache_is_asked_by_revision(cache, demo_folder):
    place = cache("org/name", demo_folder)
    assert cached_folder("org/name", None) == place
    assert cached_folder("org/name", COMMIT) == place
    assert cached_folder("org/name", COMMIT[::-1]) is None
    assert cached_folder("org/other", None) is None


def test_only_what_a_reading_needs_is_downloaded(tmp_path, monkeypatch):
    asked = {}
    (tmp_path / "model.safetensors").touch()

    def fetched(hub_id: str, **given: object) -> str:
        asked.update(given, hub_id=hub_id)
        return str(tmp_path)

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetched)
    assert fetch("org/name", "m", COMMIT) == tmp_path
    assert (asked["hub_id"], asked["revision"]) == ("org/name", COMMIT)
    assert "*.safetensors" in asked["allow_patterns"]
    assert not any(pattern.endswith((".bin", ".pt", ".py", "*")) for pattern in asked["allow_patterns"])


@pytest.mark.parametrize(
    ("files", "missing"),
    [
        ({}, r"\*.safetensors"),
        ({"a.safetensors": "", "model.safetensors.index.json": {"weight_map": {"x": "a.safetensors"}}}, None),
        (
            {
                "a.safetensors": "",
                "model.safetensors.index.json": {"weight_map": {"x": "a.safetensors", "y": "b.safetensors"}},
            },
            "b.safetensors",
        ),
    ],
)
def test_weights_that_are_not_complete_are_refused(tmp_path, monkeypatch, files, missing):
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content))
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: str(tmp_path))
    if missing is None:
        assert fetch("org/name", "m", None) == tmp_path
        return
    with pytest.raises(ModelError, match=f"org/name was fetched, but {missing} is not among its files"):
        fetch("org/name", "m", None)
