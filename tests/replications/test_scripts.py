"""Guards: scores of two options against the plain model, consistency against its definition, the two codings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from replications import annotation, moralchoice, seed_protocol, two_option_tables
from scipy.special import expit

from probe.imports.annotation import load_annotation
from probe.imports.moralchoice import import_moralchoice

SOURCE = Path(__file__).parents[1] / "imports" / "data" / "moralchoice"


def test_two_option_scores_by_hand():
    pairs = [
        two_option_tables.Pair(("x", "x"), (" aa", " b"), 0, "x", ("aa", "b")),
        two_option_tables.Pair(("x", "x"), (" cccc", " d"), 0, "x", ("cccc", "d")),
    ]
    z = {" aa": -1.0, " b": -2.0, " cccc": -3.0, " d": -1.0}
    found = two_option_tables.scores(pairs, lambda _, continuation: z[continuation])
    assert found == {"share": 0.5, "error": 0.5, "share_by_length": 1.0, "difference": 1.5}


def test_letters_cancel_a_pull_of_the_first_place():
    pairs = [two_option_tables.Pair(("x", "x"), (" a", " b"), 1, "x", ("a", "b"))]

    def pulled(text, label):
        content = 1.0 if f"{label.strip()}) b" in text else 0.0
        return content + (2.0 if label == " A" else 0.0)

    found = two_option_tables.lettered(pairs, pulled)
    assert found == {"as listed": 0.0, "both orders": 1.0, "first place gains": 2.0}


@pytest.mark.real
def test_two_options_against_the_plain_model(real_dir, tmp_path):
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    folder = str(real_dir / "models" / "stories260K")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64)
    rows = [
        {"sentence": "Lily had a dog and a cat. The _ said meow.", "option1": "dog", "option2": "cat", "answer": "2"}
    ]
    (tmp_path / "w.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    (pair,) = two_option_tables.winogrande(tmp_path / "w.jsonl")
    assert pair.contexts == ("Lily had a dog and a cat. The dog", "Lily had a dog and a cat. The cat")
    assert pair.continuations == (" said meow.", " said meow.")
    for _, loglikelihood in two_option_tables.reader(folder, "float32"):
        for context, continuation in zip(pair.contexts, pair.continuations, strict=True):
            before = tokenizer(context, return_tensors="pt").input_ids
            whole = tokenizer(context + continuation, return_tensors="pt").input_ids
            with torch.no_grad():
                logprobs = model(whole).logits.log_softmax(-1)[0, :-1].gather(1, whole[0, 1:, None])[:, 0]
            expected = float(logprobs[before.shape[1] - 1 :].sum())
            assert loglikelihood(context, continuation) == pytest.approx(expected, abs=1e-4)


def test_moralchoice_forms_keep_polarity():
    tradeoff = next(t for t in import_moralchoice(SOURCE).tradeoffs if t.tradeoff.endswith("deceive"))
    made = moralchoice.with_forms(tradeoff, 1)
    by_id = {one.id: one for one in made.revealed}
    assert len(by_id) == 3 * len(tradeoff.revealed)
    one, over, under = by_id["h_1"], by_id["h_1-over"], by_id["h_1-under"]
    assert over.text.index(one.options["keep"]) < over.text.index(one.options["break"])
    assert over.options == {"keep": "Yes", "break": "No"}
    assert under.text.index(one.options["break"]) < under.text.index(one.options["keep"])
    assert under.options == {"break": "Yes", "keep": "No"}


def test_moralchoice_consistency():
    p = np.array([[0.5, 0.5, 0.5], [1.0, 0.0, 0.5], [0.9, 0.9, 0.9]])
    found = moralchoice.consistency(p)
    assert found[[0, 2]] == pytest.approx([1.0, 1.0])
    assert found[1] == pytest.approx(1 - (1.0 - 1 / 3))
    rows = [
        {"side": "revealed", "item": item, "log_odds": z}
        for item, z in (("t/a", 1.0), ("t/a", 2.0), ("t/a-over", 3.0), ("t/a-under", -1.0), ("t/rule", 9.0))
        if item != "t/rule"
    ]
    assert moralchoice.likelihoods(rows) == {"t/a": [float(expit(z)) for z in (1.0, 2.0, 3.0, -1.0)]}


def test_pooling_first_answers_turns_reversed_texts():
    rows = [
        {"shown_first": "a", "p1": "a", "log_odds": 2.0},
        {"shown_first": "b", "p1": "a", "log_odds": 2.0},
    ]
    assert seed_protocol.towards(rows, first_answer=False).tolist() == [2.0, 2.0]
    assert seed_protocol.towards(rows, first_answer=True).tolist() == [2.0, -2.0]


def reading(first, second=None):
    return {f"S/{id_}": {"id": f"S/{id_}", "first": answer, "kind": "choice"} for id_, answer in (first).items()}


def test_the_page_of_the_annotation_counts_before_resolution():
    first = reading({f"q{n:02d}": "p1" for n in range(1, 60)} | {"v1": "p2"})
    second = {**first, "S/q01": {"id": "S/q01", "first": "p2", "kind": "choice"}}
    resolved = {"S/q01": {"id": "S/q01", "first": "p1", "kind": "", "why": "plain words"}}
    page = annotation.page(first, second, resolved)
    assert "| polarity | 59 of 60 | 98.3% | 91.1% to 100.0% |" in page
    assert "| polarity, questions | 58 of 59 |" in page
    assert "| S/q01 | p1 | p2 | p1 | plain words |" in page
    with pytest.raises(ValueError, match="not resolved: S/q01"):
        annotation.page(first, second, {})


def test_exact_interval_of_a_share_as_published():
    ids = {f"q{n:03d}": "p1" for n in range(359)}
    first = reading(ids)
    second = {**first, **{key: {**first[key], "first": "none"} for key in list(first)[:11]}}
    assert "| 96.9% | 94.6% to 98.5% |" in annotation.agreement_line("polarity", first, second, "first")


def test_the_page_of_the_annotation_is_up_to_date():
    assert annotation.PAGE.read_text(encoding="utf-8") == annotation.written(), "run scripts/replications/annotation.py"


def test_the_shipped_annotation_is_what_was_read_and_resolved():
    first = annotation.read(annotation.FOLDER / "first.csv")
    resolved = annotation.FOLDER / "resolved.csv"
    answers = {id_: row["first"] for id_, row in first.items()}
    kinds = {id_: row["kind"] for id_, row in first.items()}
    for id_, row in (annotation.read(resolved) if resolved.is_file() else {}).items():
        answers[id_] = row["first"]
        kinds[id_] = row["kind"] or kinds[id_]
    shipped = load_annotation()
    assert {id_: one.first for id_, one in shipped.items()} == answers
    assert {id_: one.kind for id_, one in shipped.items()} == kinds
