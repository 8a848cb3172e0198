"""Guards: both layouts, the annotation is used only for its own texts, reversed wordings, attributions, duplicates."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from probe.design.expand import expand
from probe.imports import alignment
from probe.imports.annotation import PromptSet, Reading, load_annotation, load_sets, text_hash

TEXTS = {
    "T_1/q01": ("Is tea better than coffee? Answer Yes or No.", "p1", "judgement", "yes-no", ""),
    "T_1/q02": ("Is coffee better than tea? (Yes/No)", "p2", "judgement", "yes-no", ""),
    "T_1/q03": ("Is milk white? (Yes/No)", "none", "belief", "yes-no", ""),
    "T_1/t-vr1": ("A cup: A) Coffee. B) Tea. Which? (Limit your answer to A or B.)", "p2", "choice", "letters", ""),
    "T_1/t-vr2": ("Cups: A) Tea. B) Coffee. People in Job B like it. Answer A or B.", "p1", "choice", "letters", ""),
    "T_1/t-vr3": (
        "Ann took tea because _. A. She likes it. B. There was no coffee. Choose A or B.",
        "p1",
        "attribution",
        "letters",
        "",
    ),
    "T_1/t-vr4": (
        "A cup: A) Coffee. B) Tea. Which? (Limit your answer to A or B.)",
        "p2",
        "choice",
        "letters",
        "T_1/t-vr1",
    ),
}


@pytest.fixture
def clone(tmp_path, monkeypatch):
    readings = {
        id_: Reading(id_, text_hash(text), first, kind, answers, duplicate, "no tea in it")
        for id_, (text, first, kind, answers, duplicate) in TEXTS.items()
    }
    own = {"T_1": PromptSet(category="drinks", principles={"tea": "drink tea", "coffee": "drink coffee"})}
    monkeypatch.setattr(alignment, "load_annotation", lambda: readings)
    monkeypatch.setattr(alignment, "load_sets", lambda: own)

    def write(layout=".", **changed):
        root = tmp_path / layout
        lists, prompts = root / "base_prompt_question_list", root / "prompts"
        lists.mkdir(parents=True)
        prompts.mkdir()
        texts = {id_: changed.get(id_.split("/")[1], text) for id_, (text, *_) in TEXTS.items()}
        questions = [text for id_, text in texts.items() if "/q" in id_]
        variants = {id_.split("/")[1]: text for id_, text in texts.items() if "/q" not in id_}
        (lists / "T_1_base_prompt_questions.json").write_text(json.dumps({"question_list": questions}))
        (prompts / "T_1.json").write_text(json.dumps({"base_prompt": "Tea or coffee?", **variants}))
        (prompts / "U_1.json").write_text(json.dumps({"base_prompt": "?", "u-vr1": "Who knows?"}))
        return tmp_path

    return write


@pytest.mark.parametrize("layout", [".", "dataset"])
def test_both_layouts(clone, layout):
    found = alignment.import_alignment(clone(layout))
    assert found.counts == {"read": 8, "kept": 5, "changed": 2, "refused": 3}
    assert found.ledger.kept == {
        "T_1/q01": "T_1/question-as-it-stands",
        "T_1/q02": "T_1/question-as-it-stands~p1",
        "T_1/t-vr1": "T_1/t-vr1",
        "T_1/t-vr2": "T_1/t-vr2",
        "T_1/t-vr3": "T_1.attributions/t-vr3",
    }
    reasons = {note.item: note.text for note in found.ledger.refused}
    assert reasons["T_1/q03"].endswith("no tea in it")
    assert reasons["T_1/t-vr4"] == "the same words as T_1/t-vr1, and would count twice"
    assert "not annotated" in reasons["U_1/u-vr1"]


def test_polarity_and_format(clone):
    found = alignment.import_alignment(clone())
    items = {item.id: item for tradeoff in found.tradeoffs for item in expand(tradeoff)}
    told = {id_: (item.p1, item.option_p1, item.option_p2, item.fixed) for id_, item in items.items()}
    assert told == {
        "T_1/question-as-it-stands": ("tea", "Yes", "No", "tea"),
        "T_1/question-as-it-stands~p1": ("tea", "No", "Yes", "coffee"),
        "T_1/t-vr1": ("tea", "Tea.", "Coffee.", None),
        "T_1/t-vr2": ("tea", "A", "B", "tea"),
        "T_1.attributions/t-vr3": ("tea", "She likes it.", "There was no coffee.", None),
    }
    # An item that calls an option by its letter stays word for word.
    assert items["T_1/t-vr2"].text == TEXTS["T_1/t-vr2"][0]
    assert items["T_1/t-vr1"].text == "A cup. Which?"


def test_a_changed_text_loses_its_annotation(clone):
    found = alignment.import_alignment(clone(q01="Is coffee better than tea? Answer Yes or No."))
    assert "not the text that was annotated" in {n.item: n.text for n in found.ledger.refused}["T_1/q01"]


def test_the_annotation_covers_the_published_sets():
    readings, sets = load_annotation(), load_sets()
    questions = [id_ for id_ in readings if id_.split("/")[1].startswith("q")]
    assert (len(questions), len(readings) - len(questions), len(sets)) == (236, 123, 23)
    assert {id_.split("/")[0] for id_ in readings} == set(sets)
    assert all(len(published.principles) == 2 for published in sets.values())
    for reading in readings.values():
        assert reading.first in ("p1", "p2", "none")
        assert reading.kind in ("choice", "judgement", "belief", "attribution", "completion")
        assert reading.answers in ("letters", "yes-no")
        assert reading.duplicate_of == "" or reading.duplicate_of in readings
        assert reading.first != "none" or reading.note
    assert len({reading.sha256 for reading in readings.values() if not reading.duplicate_of}) >= 356


@pytest.mark.skipif("PROBE_ALIGNMENT_DIR" not in os.environ, reason="PROBE_ALIGNMENT_DIR: no clone is named")
def test_every_text_of_a_clone_is_annotated():
    texts = alignment.published_texts(Path(os.environ["PROBE_ALIGNMENT_DIR"]))
    assert {id_: text_hash(text) for id_, text in texts.items()} == {
        id_: reading.sha256 for id_, reading in load_annotation().items()
    }
    found = alignment.import_alignment(Path(os.environ["PROBE_ALIGNMENT_DIR"]))
    assert found.counts["read"] == 359
