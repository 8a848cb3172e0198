"""Guards: a finding is made once for the same files and versions, anew for any others, and a refusal each time."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import probe.engine.flops
import probe.engine.memory
import probe.engine.whole_file
from probe.engine.precision import Precision
from probe.errors import ModelError
from probe.store.versions import READ_WITH, library_version
from probe.study import unloaded

SHORT = Path(__file__).parents[1] / "data" / "short.yaml"
NATIVE = Precision("float32", "none", "native")


@pytest.fixture
def folder(demo_folder, tmp_path):
    return shutil.copytree(demo_folder, tmp_path / "demo")


@pytest.fixture
def built(monkeypatch):
    """How often each finding was really made."""
    counts = {}

    def counted(module, name):
        real = getattr(module, name)

        def call(*given):
            counts[name] = counts.get(name, 0) + 1
            return real(*given)

        monkeypatch.setattr(module, name, call)

    counted(probe.engine.memory, "estimate_memory")
    counted(probe.engine.flops, "flop_rate")
    counted(probe.engine.whole_file, "refuse_other_tensors")
    return counts


def ask(folder, precision=NATIVE):
    unloaded.refuse_tensors(folder, "own")
    return unloaded.memory_of(folder, "own", precision), unloaded.flop_rate_of(folder, "own")


def test_each_is_found_once_and_said_again(folder, built):
    first = ask(folder)
    assert first == ask(folder)
    assert built == {"estimate_memory": 1, "flop_rate": 1, "refuse_other_tensors": 1}
    assert first[0] == probe.engine.memory.estimate_memory(folder, "own", NATIVE)
    assert ask(folder, Precision("bfloat16", "none", "native"))[0].weights < first[0].weights
    assert built["flop_rate"] == 1


def test_another_config_or_header_or_version_is_another_finding(folder, built, monkeypatch):
    ask(folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "x": 1}))
    ask(folder)
    assert built["flop_rate"] == 2
    monkeypatch.setattr(unloaded, "code_key", lambda: "other")
    ask(folder)
    assert built["flop_rate"] == 3


def test_weights_of_the_same_shape_are_the_same_finding(folder, built):
    ask(folder)
    held = load_file(folder / "model.safetensors")
    save_file({name: value + 1 for name, value in held.items()}, folder / "model.safetensors", {"format": "pt"})
    ask(folder)
    assert built["flop_rate"] == 1


def test_a_refusal_is_never_remembered_nor_hidden_by_what_was(folder, built):
    ask(folder)
    held = load_file(folder / "model.safetensors")
    save_file({**held, "score.weight": torch.zeros(1, 2)}, folder / "model.safetensors", {"format": "pt"})
    for _ in range(2):
        with pytest.raises(ModelError, match="a reward model"):
            unloaded.refuse_tensors(folder, "own")
    assert built["refuse_other_tensors"] == 3


def test_what_could_not_be_looked_at_is_looked_at_again(folder, monkeypatch):
    asked = []
    monkeypatch.setattr(probe.engine.whole_file, "refuse_other_tensors", lambda *_: asked.append(1) and False)
    for _ in range(2):
        unloaded.refuse_tensors(folder, "own")
    assert len(asked) == 2


@pytest.mark.parametrize("name", [*READ_WITH, "tokenizers", "sentencepiece", "safetensors", "peft"])
def test_another_version_of_what_builds_a_model_is_another_finding(name, monkeypatch):
    before = unloaded.code_key.__wrapped__()
    monkeypatch.setattr(unloaded, "library_version", lambda one: "0" if one == name else library_version(one))
    assert unloaded.code_key.__wrapped__() != before


def test_a_damaged_note_is_found_out_again(folder, built, monkeypatch):
    first = ask(folder)
    monkeypatch.setattr("probe.store.memo.Notes.get", lambda *_: '{"token": 1}')
    assert unloaded.flop_rate_of(folder, "own") == first[1]
    assert unloaded.memory_of(folder, "own", NATIVE) == first[0]


@pytest.mark.process
def test_a_plan_of_what_was_planned_before_imports_no_torch():
    script = (
        "import sys\nfrom probe.cli import main\n"
        f"main(['plan', 'demo', '--suite', {str(SHORT)!r}, '--design', 'quick', '--limit', '1'])\n"
        "sys.exit(9 if 'torch' in sys.modules else 0)"
    )
    command = [sys.executable, "-c", script]
    first, second = (subprocess.run(command, check=False, capture_output=True, text=True) for _ in range(2))
    assert first.returncode == 9, first.stderr
    assert second.returncode == 0, second.stderr
    assert second.stdout == first.stdout != ""
