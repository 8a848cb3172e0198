"""Guards: from what `probe show --json` prints, another tool recomputes the reading, and it is the oracle's."""

from __future__ import annotations

import json
import math

import pytest
import torch
from reference import ROOT, Oracle, axes, questions, write

from probe.commands.show import show, show_json
from probe.design.axes import load_design
from probe.study.request import Request

SHORT = ROOT / "tests/data/short.yaml"
OWN = ROOT / "tests/oracle/own.yaml"
GIFT = ROOT / "scenarios/demo/gift.yaml"


def assert_shown_as_read(oracle, model, path, item, variant, design=None):
    question = questions(path)[item]
    reading = oracle.read(write(question, variant, axes(design)))
    levels = load_design(str(design)).levels if design else None
    suites = () if path == GIFT else (str(path),)
    request = Request(models=(model,), suite=suites, offline=True)
    shown = json.loads(show_json(show(item, variant, request, levels)))
    assert set(shown) == {"text", "input_ids", "forced_prefix", "labels", "n_tokens"}
    assert shown["text"] == reading.text
    assert shown["input_ids"] == reading.input_ids
    assert shown["n_tokens"] == len(reading.input_ids)
    assert [label["position"] for label in shown["labels"]] == ["first", "second"]
    written = write(question, variant, axes(design))
    assert {label["principle"]: label["label"] for label in shown["labels"]} == written.labels
    assert [label["principle"] for label in shown["labels"]] == list(written.labels)
    prefix = tuple(shown["forced_prefix"])
    for label in shown["labels"]:
        assert set(label) == {"label", "principle", "position", "forms"}
        whole = sorted(prefix + tuple(form) for form in label["forms"])
        assert whole == reading.forms[label["principle"]]
        assert recompute(oracle, shown, label) == pytest.approx(reading.logprob[label["principle"]], abs=1e-9)
    rest = [prefix + tuple(form) for label in shown["labels"] for form in label["forms"]]
    assert len({form[: len(prefix) + 1] for form in rest}) > 1, "a longer prefix is common"


@torch.no_grad()
def recompute(oracle, shown, label):
    """The log-probability of a label from the JSON alone, token by token, each in a pass of its own."""
    scores = []
    for form in label["forms"]:
        sequence, score = list(shown["input_ids"]), 0.0
        for token in [*shown["forced_prefix"], *form]:
            hidden = oracle.model.get_decoder()(input_ids=torch.tensor([sequence])).last_hidden_state[0, -1]
            score += float(torch.log_softmax(oracle.model.get_output_embeddings()(hidden), -1)[token])
            sequence.append(token)
        scores.append(score)
    return math.log(math.fsum(map(math.exp, scores)))


def test_the_embedded_model(demo_folder):
    oracle = Oracle(demo_folder, chat=True)
    for item in list(questions(GIFT))[::17]:
        for variant in load_design("standard").variants()[::9]:
            assert_shown_as_read(oracle, "demo", GIFT, item, variant.id)


@pytest.mark.real
def test_random_weights_with_a_real_tokenizer(tiny_model_folder, real_dir):
    folder = tiny_model_folder("llama", real_dir / "tokenizers" / "qwen3")
    oracle = Oracle(folder, chat=True)
    for item in list(questions(SHORT))[3::9]:
        for variant in load_design(str(OWN)).variants()[1::2]:
            assert_shown_as_read(oracle, str(folder), SHORT, item, variant.id, OWN)


@pytest.mark.real
def test_a_real_model_without_a_chat_template(real_dir):
    folder = real_dir / "models" / "stories260K"
    oracle = Oracle(folder, chat=False)
    for item in list(questions(SHORT))[::6]:
        for variant in load_design("standard").variants()[::9]:
            assert_shown_as_read(oracle, str(folder), SHORT, item, variant.id)
