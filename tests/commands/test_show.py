"""Guards: what is shown of a prompt is what is read, number by number; nothing is fetched to show or to plan it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from reference import ROOT, Oracle, axes, questions, write

from probe.cli import main
from probe.commands.show import show, show_text, top_tokens
from probe.study.request import Request

SHORT = Path(ROOT / "tests/data/short.yaml")
ITEM = "short/apple/many=one"


@pytest.fixture(scope="module")
def shown():
    return show(ITEM, "label_set=12", Request(models=("demo",), suite=(str(SHORT),)))


def test_the_text_with_the_decision_position_ids_and_forms(shown):
    text = show_text(shown)
    ids = shown.prompt.input_ids
    assert f"{shown.prompt.text}▮" in text
    assert f"{len(ids)} tokens; ▮ is the decision position" in text
    last = next(line for line in text.splitlines() if line.startswith(f"  {ids[-8]} "))
    assert [int(i) for i in re.findall(r"(?:^|  )(\d+) '", last)] == list(ids[-8:])
    assert "label 1 stands for share: " in text
    assert "label 2 stands for keep: " in text


def test_numbers_are_the_reference_s(shown, demo_folder):
    reading = Oracle(demo_folder, chat=True).read(write(questions(SHORT)[ITEM], shown.prompt.variant.id, axes()))
    prefix = len(shown.prompt.labels.forced_prefix)
    assert prefix == 0
    lines = top_tokens(shown, dtype="auto", device="cpu", count=5).splitlines()
    best = reading.first.exp().sort(descending=True)
    for rank, line in enumerate(lines[1:6]):
        place, share, token = line.split()[:3]
        assert (int(place), int(token)) == (rank + 1, int(best.indices[rank]))
        assert float(share) == pytest.approx(float(best.values[rank]), rel=0.01)
    masses = {p: float(reading.first.new_tensor(z).exp()) for p, z in reading.logprob.items()}
    assert float(lines[6].split()[4]) == pytest.approx(sum(masses.values()), rel=0.01)
    for principle, mass in masses.items():
        head = next(i for i, line in enumerate(lines) if f"({principle}): " in line)
        assert float(lines[head].partition("): ")[2].split()[0]) == pytest.approx(mass, rel=0.01)
        forms = reading.forms[principle]
        told = [line.split() for line in lines[head + 1 : head + 1 + len(forms)]]
        ranks = {form[0]: int((reading.first > reading.first[form[0]]).sum()) + 1 for form in forms}
        assert {int(parts[2]): int(parts[0]) for parts in told} == ranks
        ends = [float(parts[-1]) for parts in told]
        assert min(ends) - 0.001 <= reading.boundary[principle] <= max(ends) + 0.001


def test_without_weights_a_prompt_is_shown_and_no_study_planned(tmp_path, demo_folder, capsys):
    folder = tmp_path / "bare"
    shutil.copytree(demo_folder, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    assert main(["show", str(folder), "--item", ITEM, "--suite", str(SHORT)]) == 0
    told = capsys.readouterr().out
    assert "▮" in told
    assert "the weights are not available (*.safetensors is missing)" in told
    assert main(["plan", str(folder), "--suite", str(SHORT), "--design", "quick"]) == 2
    assert "it holds no weights at all" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["show", "plan", "run"])
def test_only_a_run_asks_the_hub_for_weights(verb, cache, demo_folder, tmp_path, monkeypatch):
    """The model has no entry: its hub id is typed as it is."""
    place = cache("org/own", demo_folder)
    asked = []

    def fetch(hub_id, revision=None, allow_patterns=None, ignore_patterns=None, *, local_files_only=False):
        if not local_files_only:
            asked.append((hub_id, "*.safetensors" in allow_patterns))
        return str(place)

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetch)
    monkeypatch.chdir(tmp_path)
    for path in place.glob("tokenizer*" if verb == "show" else "*.safetensors"):
        path.rename(tmp_path / path.name)
    arguments = {"show": ["show", "org/own", "--item", ITEM]}.get(verb, [verb, "org/own", "--design", "quick"])
    main([*arguments, "--suite", str(SHORT)])
    assert asked == {"show": [("org/own", False)], "plan": [], "run": [("org/own", True)]}[verb]
