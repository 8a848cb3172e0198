"""Guards: what an argument for a model means, and entries that would load the wrong thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from probe.design.data import PACKAGE
from probe.design.models import load_models, resolve_model
from probe.errors import ModelError

COMMIT = "0123456789abcdef0123456789abcdef01234567"
MINE = f"""\
models:
  - id: mine
    path: weights/mine
    family: f
    kind: base
    licence: MIT
  - id: gpt2
    hub: org/other
    revision: {COMMIT}
    family: f
    kind: instruct
    params_b: 1.5
    licence: MIT
    gated: true
    context: 128
    template:
      keywords: {{enable_thinking: false, mode: "fast", deep: true}}
      append: "</think>\\n"
"""


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(MINE, encoding="utf-8")
    return path


def test_shipped_models():
    models = load_models()
    assert set(models) >= {"demo", "gpt2", "qwen3-0.6b", "llama-3.2-1b-instruct"}
    assert all(name == entry.id for name, entry in models.items())
    assert models["demo"].source == PACKAGE / "demo_model"
    assert models["llama-3.2-1b-instruct"].gated
    assert models["qwen3-0.6b"].template.keywords == {"enable_thinking": False}


def test_the_user_s_file_stands_over_the_shipped(mine):
    models = load_models(mine)
    assert set(models) == {*load_models(), "mine"}
    assert (models["gpt2"].hub, models["gpt2"].revision, models["gpt2"].gated) == ("org/other", COMMIT, True)
    assert models["gpt2"].template.keywords == {"enable_thinking": False, "mode": "fast", "deep": True}
    assert models["gpt2"].template.append == "</think>\n"
    assert models["mine"].source == mine.parent / "weights" / "mine"
    assert models["mine"].model_dump(mode="json")["path"] == "weights/mine"
    assert load_models()["gpt2"].hub == "openai-community/gpt2"


def test_nothing_is_made_up(mine):
    entry = load_models(mine)["mine"]
    assert (entry.params_b, entry.gated, entry.context, entry.dtype, entry.revision) == (None,) * 5


def test_null_is_nothing(tmp_path):
    path = tmp_path / "m.yaml"
    text = MINE.replace(COMMIT, "null").replace("gated: true", "gated: ~").replace("context: 128", "context:")
    path.write_text(text, encoding="utf-8")
    entry = load_models(path)["gpt2"]
    assert (entry.revision, entry.gated, entry.context) == (None, None, None)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (f"revision: {COMMIT}", "revision: main", "mine.yaml:9: models[1].revision: 'main' is not a commit of 40"),
        ("hub: org/other", "hub: other", "models[1].hub: 'other' is not a hub id of the form org/name"),
        ("hub: org/other", "hub: ../other", "is not a hub id"),
        (
            "    path: weights/mine\n",
            "",
            "mine.yaml:2: models[0]: the model 'mine' needs either 'hub' or 'path', found neither",
        ),
        ("    path: weights/mine\n", "    path: w\n    hub: a/b\n", "found both"),
        ("kind: base", "kind: bse", "models[0].kind: one of 'base', 'instruct', 'reasoning' is expected, found 'bse'"),
        ("params_b: 1.5", "params_b: big", "models[1].params_b: a number is expected, found 'big'"),
        ("params_b: 1.5", "params_b: -1", "models[1].params_b"),
        ("context: 128", "context: 0", "models[1].context"),
        ("params_b: 1.5", "params_b: 1.5\n    active_b: 1.6", "active_b of 'gpt2' is 1.6, more than params_b, 1.5"),
        ("params_b: 1.5", "params_b: 1.5\n    unquantised_b: 2", "unquantised_b of 'gpt2' is 2, more than params_b"),
        ("params_b: 1.5", "params_b: 1.5\n    quant: [int4]", "one of 'none', 'int8', 'nf4' is expected, found 'int4'"),
        ("params_b: 1.5", "params_b: 1.5\n    quant: []", "models[1].quant: 1 entries are expected, found 0"),
        ("gated: true", "gated: true\n    unverified: [dtype]", "names 'dtype', and the entry gives no such field"),
        ("gated: true", "gated: true\n    unverified: [contxt]", "no such field. Did you mean 'context'?"),
        ("gated: true", "gated: perhaps", "true or false is expected, found 'perhaps'"),
        ("id: mine", "id: a/b", "'a/b' is not an id"),
        ("id: gpt2", "id: mine", "mine.yaml:7: models[1]: the id 'mine' stands twice"),
        ("    licence: MIT\n    gated", "    license: MIT\n    gated", "Did you mean 'licence'?"),
        ("models:", "modles:", "Did you mean 'models'?"),
    ],
)
def test_entries_that_are_refused(mine, old, new, words):
    assert old in MINE
    mine.write_text(MINE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        load_models(mine)
    assert words in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ModelError, match="cannot be read: No such file"):
        load_models(tmp_path / "none.yaml")


def test_an_entry(mine):
    spec = resolve_model("gpt2", load_models(mine))
    assert (spec.name, spec.source, spec.revision, spec.entry.kind) == ("gpt2", "org/other", COMMIT, "instruct")
    assert resolve_model("demo", load_models()).source == PACKAGE / "demo_model"


def test_a_folder_stands_before_an_entry_and_a_hub_id(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "org" / "name"
    folder.mkdir(parents=True)
    (tmp_path / "demo").mkdir()
    for argument in ("org/name", "org/name/", "./org/name", str(folder)):
        spec = resolve_model(argument, load_models())
        assert (spec.name, Path(spec.source).resolve(), spec.revision, spec.entry) == ("name", folder, None, None)
    assert resolve_model("demo", load_models()).source == PACKAGE / "demo_model"
    assert Path(resolve_model("./demo", load_models()).source).resolve() == tmp_path / "demo"
    assert resolve_model("./", load_models()).name == tmp_path.name
    assert resolve_model("org/..", load_models()).name == tmp_path.name


def test_a_link_to_a_folder_keeps_its_own_name(tmp_path):
    (tmp_path / "0123").mkdir()
    (tmp_path / "tiny").symlink_to(tmp_path / "0123")
    assert resolve_model(f"{tmp_path}/tiny", {}).name == "tiny"


def test_a_hub_id():
    spec = resolve_model("some-org/Some.Model_1", load_models())
    assert (spec.name, spec.source, spec.entry) == ("some-org/Some.Model_1", "some-org/Some.Model_1", None)


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("gtp2", r"model 'gtp2': neither .*Did you mean 'gpt2'\?"),
        ("zzz", "`probe list models` tells the 57 ids: name one of them, or give a folder."),
        ("./none", "neither an existing folder"),
        ("/none", "neither an existing folder"),
        ("a/b/c", "neither an existing folder"),
        ("../x", "neither an existing folder"),
        ("", "model ''"),
    ],
)
def test_arguments_that_name_nothing(argument, words):
    with pytest.raises(ModelError, match=words) as caught:
        resolve_model(argument, load_models())
    assert caught.value.exit_code == 2


def test_a_file_is_no_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.bin").write_bytes(b"")
    (tmp_path / "tiny").mkdir()
    with pytest.raises(ModelError, match=r"is a file\. Give the folder"):
        resolve_model("./model.bin", load_models())
    with pytest.raises(ModelError, match=r"For the folder, write \./tiny\."):
        resolve_model("tiny", load_models())
