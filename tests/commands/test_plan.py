"""Guards: a plan lists every prompt that cannot be read, of all items, formats and models; a run stops at them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

import probe
from probe.cli import main
from probe.errors import TokenPlanError

SHORT = str(Path(__file__).parents[1] / "data" / "short.yaml")
DESIGN = "design: own\naxes:\n  order: [p1, p2]\n  cue: [answer, none]\n"


@pytest.fixture
def folder(tmp_path, demo_folder):
    """``folder(name, template)``: the embedded model's weights' shape with a tokenizer of one token per character."""

    def make(name, template=None):
        path = tmp_path / name
        path.mkdir()
        backend = Tokenizer(models.WordLevel({"[UNK]": 0, **{chr(n): n for n in range(32, 127)}}, unk_token="[UNK]"))
        backend.pre_tokenizer = pre_tokenizers.Split("", "isolated")
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="[UNK]")
        tokenizer.chat_template = template
        tokenizer.save_pretrained(path)
        for file in ("config.json", "model.safetensors"):
            (path / file).symlink_to((demo_folder / file).resolve())
        return str(path)

    return make


@pytest.fixture
def design(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(DESIGN, encoding="utf-8")
    return str(path)


def test_every_problem_of_every_model_is_listed(folder, design, capsys):
    raw, poor = folder("raw"), folder("poor", "{{ raise_exception('never') }}")
    arguments = ["plan", raw, "demo", poor, "--suite", SHORT, "--design", design, "--answers", "labels"]
    assert main([*arguments, "--json"]) == 2
    told = capsys.readouterr()
    first, demo, last = json.loads(told.out)
    (group,) = first["problems"]
    assert group["reason"].startswith("the cue is empty and the model has no chat template")
    assert group["common"] == {"cue": "none"}
    assert len(group["prompts"]) == 13
    assert {tuple("cue=none" in variant for variant in ids) for ids in group["prompts"].values()} == {(True, True)}
    assert (demo["problems"], demo["failure"], demo["sides"]["stated"]["items"]) == ([], None, 5)
    assert "fails on a single user message" in last["failure"]
    assert "label problems in 26 prompts; no plan for poor" in told.err
    assert main(arguments) == 2
    text = capsys.readouterr().out
    assert "26 prompts of 13 items cannot be read" in text
    assert "26 prompts, all with cue=none" in text
    assert "      short/apple/many=ten (2)" in text
    assert "cannot be planned: poor: the chat template fails" in text


def test_the_plan_in_a_file_has_them_too(folder, design, tmp_path, capsys):
    main(
        [
            "plan",
            folder("raw"),
            "--suite",
            SHORT,
            "--design",
            design,
            "--limit",
            "1",
            "--answers",
            "labels",
            "--out",
            str(tmp_path / "p"),
        ]
    )
    (one,) = json.loads((tmp_path / "p").read_text())
    assert one["sides"] == {}
    assert len(one["problems"][0]["prompts"]) == 6
    assert "label problems" in capsys.readouterr().out


def test_a_run_stops_before_any_weights_with_the_count(folder, design, tmp_path, monkeypatch):
    raw = folder("raw")
    monkeypatch.setattr("probe.engine.load.load_model", None)
    with pytest.raises(TokenPlanError) as caught:
        probe.run(raw, suite=SHORT, design=design, answers="labels", out=tmp_path / "run")
    first, second = str(caught.value).splitlines()
    assert first == "raw: 26 prompts of 13 items cannot be read; `probe plan` lists all."
    assert second.startswith("  short/apple/many=one/order=p1,")
    assert "cue is empty" in second
    assert not (tmp_path / "run").exists()


def test_the_only_model_s_fault_is_told_as_an_error(folder, design, capsys):
    assert main(["plan", folder("poor", "{{ raise_exception('never') }}"), "--suite", SHORT, "--design", design]) == 2
    assert "ModelError: poor: the chat template fails" in capsys.readouterr().err


def test_what_sharing_saves_and_what_an_axis_costs(tmp_path, capsys):
    """An axis costs the tokens that a design without it does not have."""
    told = {}
    for name, axes in (("both", "order: [p1, p2], cue: [answer, choice]"), ("still", "order: [p1, p2]")):
        path = tmp_path / f"{name}.yaml"
        path.write_text(f"design: {name}\naxes: {{{axes}}}\n", encoding="utf-8")
        assert main(["plan", "demo", "--suite", SHORT, "--design", str(path), "--json"]) == 0
        told[name] = json.loads(capsys.readouterr().out)[0]["sides"]["revealed"]
    both, still = told["both"], told["still"]
    assert both["axes"].keys() == {"order", "cue"}
    assert both["distinct"] - both["axes"]["cue"] == still["distinct"]
    assert list(both["axes"].values()) == sorted(both["axes"].values(), reverse=True)
    assert both["distinct"] < both["read"] < both["tokens"]


@pytest.mark.parametrize(
    ("words", "code"),
    [(["plan"], 2), (["run"], 2), (["models", "check", "--offline"], 1)],
    ids=["plan", "run", "check"],
)
def test_a_folder_that_would_be_read_wrong_is_refused_without_weights(
    words, code, tmp_path, demo_folder, capsys, monkeypatch
):
    model = tmp_path / "mine"
    shutil.copytree(demo_folder, model)
    held = load_file(model / "model.safetensors")
    save_file({**held, "score.weight": torch.zeros(1, 8)}, model / "model.safetensors", {"format": "pt"})
    monkeypatch.setattr("safetensors.safe_open", None)
    monkeypatch.setattr("probe.engine.load.load_model", lambda *_, **__: pytest.fail("a model was to be loaded"))
    monkeypatch.setattr("probe.commands.plan.memory_of", lambda *_: pytest.fail("what is refused was estimated"))
    monkeypatch.chdir(tmp_path)
    asked = [] if words[0] == "models" else ["--suite", "demo", "--design", "quick", "--limit", "1"]
    assert main([*words, str(model), *asked]) == code
    told = capsys.readouterr()
    assert "a reward model, no language model: score.weight" in " ".join((told.out + told.err).split())
