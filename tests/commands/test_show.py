"""Guards: what is shown of a prompt is what is read, number by number; nothing is fetched to show or to plan it."""

from __future__ import annotations

import math
import re
import shutil

import pytest
import torch
from reference import ROOT, Oracle, axes, questions, write
from transformers import AutoModelForCausalLM

from probe.cli import main
from probe.commands.show import show, show_text, top_tokens
from probe.design.clauses import clauses_of
from probe.design.tradeoffs import load_tradeoff
from probe.study.request import Request

SHORT, CUT = (ROOT / "tests" / "data" / f"{name}.yaml" for name in ("short", "cut"))
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


@torch.no_grad()
def layers_in_float64(folder, shown):
    """Log-odds towards the first principle and the sum of both labels after every layer, by transformers alone."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64)
    states = model(torch.tensor([shown.prompt.input_ids]), output_hidden_states=True).hidden_states[1:]
    # The last is behind the norm already.
    rows = [model.lm_head(model.model.norm(one[0, -1])) for one in states[:-1]] + [model.lm_head(states[-1][0, -1])]
    forms = [[form[0] for form in own] for own in shown.prompt.labels.forms]
    assert all(len(form) == 1 for own in shown.prompt.labels.forms for form in own)
    for row in rows:
        shares = torch.softmax(row, -1)
        first, second = (float(shares[own].sum()) for own in forms)
        yield math.log(first / second), first + second


def test_an_item_of_the_layers_is_its_question_with_a_line_for_each_layer(demo_folder):
    def of(name):
        return show(name, "label_set=12", Request(models=("demo",), suite=(str(SHORT),)))

    layered = of(f"{ITEM}~depth")
    assert show_text(layered).splitlines()[1:] == show_text(of(ITEM)).splitlines()[1:]
    lines = top_tokens(layered, dtype="auto", device="cpu", count=5).splitlines()
    assert lines[:-5] == top_tokens(of(ITEM), dtype="auto", device="cpu", count=5).splitlines()
    assert lines[-5] == "after each layer: log-odds towards share in nats, and what both labels together have:"
    assert layered.prompt.rendered.principles[0].principle == "share"
    for number, (line, (z, mass)) in enumerate(
        zip(lines[-4:], layers_in_float64(demo_folder, layered), strict=True), 1
    ):
        at, reported, share = line.split()
        assert int(at) == number
        assert float(reported) == pytest.approx(z, abs=0.0011)
        assert float(share) == pytest.approx(mass, rel=0.01)


def test_what_a_layer_s_mass_is_not_read_of_is_said(monkeypatch):
    monkeypatch.setattr("probe.prompts.layers.MASS_LAYERS", 2)
    layered = show(f"{ITEM}~depth", "", Request(models=("demo",), suite=(str(SHORT),)))
    lines = top_tokens(layered, dtype="auto", device="cpu", count=1).splitlines()
    assert [line.endswith("not read") for line in lines[-4:]] == [False, True, True, False]


def test_an_item_has_its_variant_as_in_its_table_and_the_words_that_it_lacks():
    def head(name, variant, suite=SHORT):
        return show_text(show(name, variant, Request(models=("demo",), suite=(str(suite),)))).splitlines()[1:3]

    behind = "label_set=AB,enclosure=paren,layout=lines,instruction=label,cue=answer"
    said = "said=blue,first_order=p1,first_label_order=p2,order=p2,label_order=position"
    assert head("short/toys~unrelated", "said=blue,first_label_order=p2,order=p2")[0] == f"{said},{behind}"
    assert head("short/toys~unrelated", "")[0].startswith(
        "said=red,first_order=p1,first_label_order=position,order=p1,"
    )
    assert head(f"{ITEM}~texts", "order=p2")[0].startswith("order=none,")
    cut = head("cut/train~without-01", "", CUT)
    assert cut[1] == f"left out: {clauses_of(load_tradeoff(CUT).tradeoff)[0]['cut/train'].clauses[0].text}"
    assert not head("cut/train", "", CUT)[1].startswith("left out")


@pytest.mark.parametrize(
    ("name", "table"), [(ITEM, "readings"), (f"{ITEM}~depth", "depth"), ("short/toys~unrelated", "own_words")]
)
def test_a_run_folder_is_no_model_and_the_table_with_what_was_read_is_named(name, table, tmp_path, capsys):
    (tmp_path / "manifest.json").write_text("{}")
    assert main(["show", str(tmp_path), "--item", name, "--suite", str(SHORT)]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "is a run folder, and a prompt is shown as a model gets it. Give the model in its place" in said
    assert f"what the run has read of {name} is in {table}.parquet there" in said


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
