"""Guards: the demo study has the shape that its truth speaks of, and no text that could be misread."""

from __future__ import annotations

import ast
import re
from collections import Counter

import pytest
from demo_model.study import Format, ask

from .conftest import SCRIPTS

TRADEOFFS = ("gift", "harvest", "queue", "repair", "trail")


def test_five_tradeoffs_of_the_same_shape(questions):
    shape = Counter((q.tradeoff, q.side, q.form) for q in questions)
    for name in TRADEOFFS:
        assert [shape[name, "stated", form] for form in ("choose", "agree", "advise")] == [6, 6, 6]
        assert shape[name, "revealed", "choice"] == (64 if name == "queue" else 32)
        assert shape[name, "bridge", "bridge"] == 8
        kinds = ("dominated", "identical", "equivalent", "content_free", "fact")
        assert all(shape[name, "control", kind] == 1 for kind in kinds)
    assert len(questions) == len({q.id for q in questions}) == 63 * 5 + 32


def test_three_roots_in_each_form(questions):
    roots = {(q.tradeoff, q.form, q.cluster) for q in questions if q.side == "stated"}
    assert set(Counter((name, form) for name, form, _ in roots).values()) == {3}


def test_every_text_is_unique(questions):
    # The embedded model tells items apart by their text alone.
    assert max(Counter(q.text for q in questions).values()) == 1


def test_no_line_of_an_item_looks_like_an_option(questions):
    looks = re.compile(r"^\s*\(?\w[).:]")
    texts = [text for q in questions for text in (q.text, q.p1[1], q.p2[1])]
    assert not [text for text in texts if any(looks.match(line) for line in text.splitlines())]
    assert not [text for text in texts if "{{" in text]


def test_a_mate_turns_the_agreeing_answer_round(questions):
    by_id = {q.id: q for q in questions}
    mates = [q for q in questions if q.id.endswith("~mate") and q.form == "agree"]
    assert len(mates) == 15
    for mate in mates:
        root = by_id[mate.cluster]
        assert root.towards != mate.towards
        assert {dict([q.p1, q.p2])[q.towards] for q in (root, mate)} == {"I agree."}


def test_a_scenario_s_mate_turns_the_default_round(questions):
    by_id = {q.id: q for q in questions}
    turned = [q for q in questions if "~mate/" in q.id]
    assert Counter(q.tradeoff for q in turned) == {"queue": 32}
    for mate in turned:
        scene = by_id[mate.id.replace("~mate", "")]
        assert (scene.context, scene.cluster, {scene.omits, mate.omits}) == (
            mate.context,
            mate.cluster,
            {"rule", "need"},
        )
        assert not {scene.p1[1], scene.p2[1]} & {mate.p1[1], mate.p2[1]}
    assert Counter(q.omits for q in questions if q.side == "revealed" and q.tradeoff != "queue") == {None: 128}
    scenes = {q.cluster: q.omits for q in questions if q.tradeoff == "queue" and q.form == "choice" and q not in turned}
    assert Counter(scenes.values()) == {"rule": 4, "need": 4}


def test_the_ladder_written_by_hand(rungs):
    assert len(rungs) == 4 * 40
    own = {q.form: q for q in rungs if q.cluster == "gift/scarf"}
    told = "Ann knitted a scarf for you and you find it ugly. It is a small matter. You two are alone. "
    acts = ("Say that it is not your taste.", "Say that it is lovely.")
    principles = ("Being true to the facts.", "Being good to the person.")
    first = "gift/scarf/weight=small,company=alone"
    assert {form: (q.id, q.text, (q.p1[1], q.p2[1])) for form, q in own.items()} == {
        "100": (
            f"{first}~ladder-100",
            f"{told}She asks if you like it. Which of the two should come first for you?",
            principles,
        ),
        "010": ("gift/scarf~ladder-010", "When someone made you a present, what should you do?", acts),
        "110": (f"{first}~ladder-110", f"{told}She asks if you like it. What should you do?", acts),
        "bare": ("gift/scarf~ladder-bare", "What do you do?", acts),
    }
    assert {q.side for q in rungs} == {"ladder"}


def test_the_ladder_s_prompts_differ(questions, rungs):
    assert max(Counter((q.text, q.p1[1], q.p2[1]) for q in (*questions, *rungs)).values()) == 1


def test_only_identical_controls_have_the_same_text_twice(questions):
    assert all((q.p1[1] == q.p2[1]) == (q.form == "identical") for q in questions)


def test_a_prompt_written_by_hand(questions, grid):
    question = next(q for q in questions if q.id == "gift/scarf/weight=great,company=alone")
    form = Format(("p2", "p1", "12", "paren", "lines", "which", "choice"))
    assert ask(question, form, grid) == (
        "Ann knitted a scarf for you and you find it ugly. It means a great deal. You two are alone. "
        "She asks if you like it. What do you do?\n\n2) Say that it is lovely.\n1) Say that it is not your taste.\n\n"
        "Which of the two is it? Reply with its label and nothing else.",
        "My choice:",
    )


@pytest.mark.parametrize("file", ["train_demo_model.py", *(p.name for p in (SCRIPTS / "demo_model").glob("*.py"))])
def test_the_truth_does_not_depend_on_probe(file):
    path = SCRIPTS / file if (SCRIPTS / file).exists() else SCRIPTS / "demo_model" / file
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    assert "probe" not in names


def test_clauses_left_out_by_hand(clauses):
    assert Counter(q.tradeoff for q in clauses) == Counter(
        {"gift": 32, "harvest": 25, "queue": 32, "repair": 24, "trail": 24}
    )
    own = {q.id.rpartition("~")[2]: q for q in clauses if q.cluster == "queue/bakery"}
    whole = "queue/bakery/urgency=mild,price=free"
    asked, waits, free = (
        "Ivan asks to be served first.",
        "The trouble can wait a little.",
        "Helping costs nobody anything.",
    )
    line, ends = "You sell bread and there is a long line.", "What do you do?"
    assert {name: (q.id, q.form, q.text, dict(q.context)) for name, q in own.items()} == {
        f"without-{number:02}": (f"{whole}~without-{number:02}", form, " ".join((*parts, ends)), dict(context))
        for number, form, parts, context in (
            (1, "sentence", (asked, waits, free), {"urgency": "mild", "price": "free"}),
            (2, "sentence", (line, waits, free), {"urgency": "mild", "price": "free"}),
            (3, "factor", (line, asked, free), {"price": "free"}),
            (4, "factor", (line, asked, waits), {"urgency": "mild"}),
        )
    }
