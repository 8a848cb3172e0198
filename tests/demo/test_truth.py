"""Guards: the shipped truth belongs to these files, and probe writes the very prompts that were trained on."""

from __future__ import annotations

import hashlib
import json

import pytest
from demo_model.truth import planted_truth

from probe.design.axes import load_design
from probe.design.clauses import clauses_of
from probe.design.expand import expand
from probe.design.ladder import FIRST_CELL, ladder_of, same_question
from probe.design.own_words import EVERY_PAIR, exchanges_of
from probe.design.suites import load_suites
from probe.prompts.render import render
from probe.prompts.style import Asking, prompt_style
from probe.prompts.tokenizer import load_encoder
from probe.prompts.two_turns import plan_two_turns

from .conftest import MODEL

REMEDY = "the demo study changed: run `make demo-model` and commit the model in the same change"


@pytest.fixture(scope="module")
def prompts(tokenizer):
    """(item, variant, text as the tokenizer gets it), by probe's own reading of the files."""
    design = load_design("standard")
    rows = []
    for file in load_suites(["demo"]):
        ladder = ladder_of(file.tradeoff, FIRST_CELL)
        assert not ladder.left_out
        between = [item for item in ladder.items if same_question(item) is None]
        for item in (*expand(file.tradeoff), *between):
            for variant in design.variants():
                shown = render(item, variant, design.levels)
                chat = tokenizer.apply_chat_template(
                    [{"role": "user", "content": shown.question}], tokenize=False, add_generation_prompt=True
                )
                rows.append((item.id, variant.id, chat + shown.cue))
    return sorted(rows)


def test_probe_writes_the_prompts_that_were_trained_on(prompts, truth):
    digest = hashlib.sha256()
    for item, variant, text in prompts:
        digest.update(f"{item}\t{variant}\t{json.dumps(text)}\n".encode())
    assert digest.hexdigest() == truth["prompts_sha256"], REMEDY


def test_the_grammar_writes_the_same_cells(prompts, cells):
    ours = sorted((cell.item, cell.form.id, cell.text) for cell in cells)
    assert ours == prompts


def test_the_grammar_leaves_out_the_same_clauses(clauses):
    """But for two options with a second clause (repair: "and test it"), which training does not touch."""
    ours = {q.id: (q.text, q.p1[1], q.p2[1]) for q in clauses}
    theirs = {
        item.id: (item.text, item.option_p1, item.option_p2)
        for file in load_suites(["demo"])
        for claused in clauses_of(file.tradeoff)[0].values()
        for item in claused.items
        if item.form in ("sentence", "factor")
    }
    assert ours == theirs


def test_the_grammar_writes_the_same_two_turns(exchanges):
    """Every pair there can be of one trade-off, in every format: what probe asks and what was trained on."""
    design = load_design("quick")
    encoder = load_encoder(MODEL, "demo")
    style = prompt_style(encoder, Asking())
    (file,) = (file for file in load_suites(["demo"]) if file.tradeoff.tradeoff == "gift")
    asked = exchanges_of(file.tradeoff, EVERY_PAIR).items
    assert len(asked) == 2 * 9 * 8 + 9 + 8
    theirs = {
        (item.id, prompt.text)
        for item in asked
        for prompt in plan_two_turns(
            encoder, style, item, design.variants(), design.levels, limit=None, budget=10**6
        ).prompts
    }
    assert theirs == {(cell.item, cell.text) for cell in exchanges if cell.item.startswith("gift/")}
    assert len(theirs) == len(asked) * 32


def test_the_shipped_truth_is_the_grammar_s(questions, rungs, clauses, contents, grid, cells, truth):
    planted = planted_truth(questions + rungs + clauses, contents, grid.standard, cells)
    assert {key: truth[key] for key in planted} == json.loads(json.dumps(planted)), REMEDY
    assert set(truth) - set(planted) == {"agreement"}


def test_what_the_contract_of_the_truth_names(truth):
    assert {"tradeoffs", "position_bias", "label_bias", "acquiescence", "prompts_sha256", "version"} <= set(truth)
    for planted in truth["tradeoffs"].values():
        assert {"stated", "revealed", "context", "ladder"} <= set(planted)
        assert 0 < planted["stated"] < 1


def test_probe_names_the_same_agreeing_answers(questions):
    agreeing = {i.id: i.agreeing for file in load_suites(["demo"]) for i in expand(file.tradeoff)}
    for q in (q for q in questions if q.form == "agree"):
        assert agreeing[q.id] == q.towards


def test_probe_names_the_same_omissions(questions):
    named = {i.id: i.omits for file in load_suites(["demo"]) for i in expand(file.tradeoff)}
    assert named == {q.id: q.omits for q in questions}
    assert sum(omits is not None for omits in named.values()) == 64


def test_the_folder_is_small_and_safe():
    files = {file.name for file in MODEL.iterdir() if not file.name.startswith("__")}
    assert files == {
        "config.json", "generation_config.json", "model.safetensors",
        "tokenizer.json", "tokenizer_config.json", "truth.json",
    }  # fmt: skip
    assert sum((MODEL / name).stat().st_size for name in files) <= 6_000_000
