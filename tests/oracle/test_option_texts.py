"""Guards: every text's log-probability is what an independent float64 pass over one prompt says, token by token."""

from __future__ import annotations

import pytest
import yaml
from reference import ROOT, Oracle, Written, axes, questions

import probe

SHORT = ROOT / "tests/data/short.yaml"
TOKENIZERS = {"qwen3": True, "mistral-v0.3-instruct": True, "gpt2": False}
"""With a chat template or without."""


def answer(text: str) -> str:
    return text if text[-1] in ".!?" else f"{text}."


def text_sums(oracle, question, cue, texts):
    """By text: the sum over its tokens behind a question that lists no options, and their number."""
    prompt = oracle._text(Written(question, cue, {}, ""))
    ids = oracle._encode(prompt)
    found = {}
    for text in texts:
        joint = oracle._encode(f"{prompt} {answer(text)}")
        assert joint[: len(ids)] == ids
        form = tuple(joint[len(ids) :])
        rows = oracle._logprobs(ids, form)
        found[text] = sum(float(rows[at, token]) for at, token in enumerate(form)), len(form)
    return found


def compare_texts(table, oracle, every) -> int:
    levels = axes()
    for row in table.to_pylist():
        question = every[row["item"].removesuffix("~texts")]
        own, other = question.options[row["p1"]], question.options[row["p2"]]
        cue = levels["cue"][row["axis_cue"]]
        sums = text_sums(oracle, question.text, cue, (own, other))
        hello = text_sums(oracle, "Hello.", cue, (own, other))
        for at, text in (("p1", own), ("p2", other)):
            assert row[f"text_{at}"] == answer(text)
            assert row[f"logprob_{at}"] == pytest.approx(sums[text][0], abs=5e-5)
            assert row[f"tokens_{at}"] == sums[text][1]
            assert row[f"baseline_{at}"] == pytest.approx(hello[text][0], abs=5e-5)
    return table.num_rows


def known_answers() -> dict[str, set[str]]:
    """Controls with a right answer, which are asked too, and the others, which are not."""
    file = yaml.safe_load(SHORT.read_text(encoding="utf-8"))
    found: dict[str, set[str]] = {"asked": set(), "left": set()}
    for control in file.get("controls", []):
        found["asked" if "expect" in control else "left"].add(f"short/{control['id']}")
    return found


@pytest.mark.real
@pytest.mark.parametrize("name", TOKENIZERS)
@pytest.mark.parametrize("reader", ["auto", "plain"])
def test_random_weights_with_a_real_tokenizer(tiny_model_folder, real_dir, tmp_path, name, reader):
    folder = tiny_model_folder("llama", real_dir / "tokenizers" / name)
    found = probe.run(
        str(folder), suite=str(SHORT), design="standard", limit=1, answers="texts", reader=reader, out=tmp_path / "run"
    )
    every = questions(SHORT)
    assert compare_texts(found.texts, Oracle(folder, chat=TOKENIZERS[name]), every) == found.texts.num_rows > 0
    asked = {item.removesuffix("~texts") for item in found.texts["item"].to_pylist()}
    known = known_answers()
    assert known["asked"] <= asked
    assert not known["left"] & asked
    assert {row["asks_which"] for row in found.texts.to_pylist()} == {False}


@pytest.mark.real
def test_a_real_model_without_a_chat_template_is_read_both_ways(real_dir, tmp_path):
    folder = real_dir / "models" / "stories260K"
    found = probe.run(str(folder), suite=str(SHORT), design="quick", limit=1, out=tmp_path / "run")
    assert found.readings.num_rows
    oracle = Oracle(folder, chat=False)
    assert compare_texts(found.texts, oracle, questions(SHORT)) == found.texts.num_rows > 0
