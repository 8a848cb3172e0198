"""Guards: readings of three labels are what an independent float64 pass over one prompt says, column by column."""

from __future__ import annotations

import pytest
from reference import ROOT, Oracle

import probe
from probe.commands.verify import verify_run
from probe.design.axes import load_design
from probe.design.expand import expand
from probe.design.tradeoffs import load_tradeoff
from probe.progress import Silent
from probe.prompts.plan import ItemPlan, plan_item
from probe.prompts.style import Asking, prompt_style
from probe.prompts.tokenizer import load_encoder

SHORT = ROOT / "tests/data/short.yaml"
NEUTRAL = ROOT / "tests/data/neutral.yaml"
DEMO = sorted((ROOT / "scenarios/demo").glob("*.yaml"))


@pytest.mark.parametrize("limit", [1])
def test_the_demo_study_with_a_neutral_option(compare, demo_folder, tmp_path, limit):
    """The embedded model, end to end: rows, results, report, and every file checked again."""
    results = probe.run("demo", suite=str(DEMO[0]), design=str(NEUTRAL), limit=limit, out=tmp_path / "run")
    rows = results.readings.to_pylist()
    assert compare(results.readings, Oracle(demo_folder, chat=True), DEMO, 5e-5, NEUTRAL) == len(rows) == 96
    offered = {row["side"] for row in rows if row["label_neutral"]}
    assert offered == {"stated", "revealed"}
    (found,) = results.results.models["demo"].tradeoffs.values()
    assert found.neutral.kl3_revealed_stated > 0
    assert found.option_mass.revealed > 0.9
    assert "Neutral option" in results.report().read_text(encoding="utf-8")
    (row,) = results.tradeoffs.to_pylist()
    assert row["stated_neutral"] == found.neutral.stated.neutral
    assert row["kl3_revealed_stated"] == found.neutral.kl3_revealed_stated
    assert verify_run(results.path, None, Silent()).findings == []


@pytest.mark.real
def test_a_real_model_whose_labels_share_a_token(compare, real_dir, tmp_path):
    """Digits share their first token there, which is forced before all three labels are distinguished."""
    source = NEUTRAL.read_text(encoding="utf-8").replace(
        "label_order: [p1, p2]", 'label_order: [p1]\n  label_set: ["12"]'
    )
    (tmp_path / "n.yaml").write_text(source, encoding="utf-8")
    folder = real_dir / "models" / "stories260K"
    results = probe.run(str(folder), suite=str(SHORT), design=str(tmp_path / "n.yaml"), limit=1, out=tmp_path / "run")
    found = compare(results.readings, Oracle(folder, chat=False), [SHORT], 5e-5, tmp_path / "n.yaml")
    assert found == results.readings.num_rows == 24
    assert {row["label_neutral"] for row in results.readings.to_pylist()} == {"1", "2", "3", None}


@pytest.mark.real
@pytest.mark.slow
def test_three_labels_are_planned_on_every_real_tokenizer(real_dir):
    """Three labels with distinct tokens after the forced prefix, in every format, or a refusal with its remedy."""
    design = load_design(str(NEUTRAL))
    item = next(one for one in expand(load_tradeoff(SHORT).tradeoff) if one.side == "stated")
    folders = sorted((real_dir / "tokenizers").iterdir())
    assert len(folders) > 10
    for folder in folders:
        encoder = load_encoder(folder, folder.name)
        append = "<|channel|>final<|message|>" if folder.name == "gpt-oss" else ""
        style = prompt_style(encoder, Asking(append=append))
        plan = plan_item(encoder, style, item, design.variants_of(item), design.levels, limit=None, budget=4096)
        assert isinstance(plan, ItemPlan)
        assert len(plan.prompts) == 12, folder.name
        for prompt in plan.prompts:
            forms = [form for of_label in prompt.labels.forms for form in of_label]
            assert len(prompt.labels.forms) == 3, folder.name
            assert len(set(forms)) == len(forms) == len(prompt.prompt.continuations), folder.name
            assert all(of_label for of_label in prompt.labels.forms), folder.name
