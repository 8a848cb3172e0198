"""Guards: the shipped model answers as planted, read one prompt at a time in float64 without any of probe."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
import torch
from demo_model import grammar
from scipy.special import expit, logsumexp
from transformers import AutoModelForCausalLM

from .conftest import MODEL
from .test_grammar import nested_mean

LEAST_MASS = 0.95
"""Of the two labels, both forms of each."""


@pytest.fixture(scope="module")
def read(tokenizer):
    """Log-odds and option mass of one cell: one prompt, one forward pass, both forms of each label."""
    model = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float64).eval()

    @torch.no_grad()
    def one(cell):
        ids = tokenizer.encode(cell.text, add_special_tokens=False)
        logprob = torch.log_softmax(model(torch.tensor([ids])).logits[0, -1], -1).numpy()
        forms = [[tokenizer.encode(t, add_special_tokens=False) for t in (f" {x}", x)] for x in cell.labels]
        one, two = (logsumexp([logprob[token] for (token,) in pair]) for pair in forms)
        return one - two, math.exp(one) + math.exp(two)

    return one


def test_the_stored_weights_are_float32():
    model = AutoModelForCausalLM.from_pretrained(MODEL)
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert model.config.max_position_embeddings >= 1024


@pytest.mark.parametrize("kept_out", [("",), ("format",), ("context",), ("format", "context", "both")])
def test_a_sample_of_cells(read, cells, kept_out):
    own = [cell for cell in cells if cell.kept_out in kept_out]
    sample = own[:: max(1, len(own) // 60)]
    found = [read(cell) for cell in sample]
    errors = [abs(expit(z) - expit(c.log_odds)) for (z, _), c in zip(found, sample, strict=True)]
    assert np.mean(errors) <= 0.02
    assert min(mass for _, mass in found) > LEAST_MASS


@pytest.mark.parametrize("beside", ["clause_cells", "exchanges"])
def test_a_sample_of_what_is_asked_beside_the_study(read, beside, request):
    own = [cell for cell in request.getfixturevalue(beside) if not cell.kept_out]
    sample = own[:: len(own) // 40]
    found = [read(cell) for cell in sample]
    assert np.mean([abs(z - c.log_odds) for (z, _), c in zip(found, sample, strict=True)]) <= 0.05
    assert min(mass for _, mass in found) > LEAST_MASS


def test_the_agreement_of_the_truth_is_as_promised(truth):
    rows = truth["agreement"]["kept_out"]
    assert max(rows[word]["mean_error_p"] for word in rows if word != "both") <= 0.02
    kept_out = [rows[word] for word in ("format", "context", "both")]
    assert sum(r["cells"] * r["mean_error_p"] for r in kept_out) / sum(r["cells"] for r in kept_out) <= 0.02
    assert truth["agreement"]["least_option_mass"] > LEAST_MASS
    for name, sides in truth["agreement"]["measured"].items():
        for side, value in sides.items():
            assert value == pytest.approx(truth["tradeoffs"][name][side], abs=0.01)


@pytest.mark.slow
def test_every_cell(read, cells, questions, grid, truth):
    z = {(cell.item, cell.form.id): read(cell) for cell in cells}
    errors = defaultdict(list)
    for cell in cells:
        errors[cell.kept_out].append(abs(expit(z[cell.item, cell.form.id][0]) - expit(cell.log_odds)))
    assert all(np.mean(errors[word]) <= 0.02 for word in ("", "format", "context"))
    assert np.mean(errors["format"] + errors["context"] + errors["both"]) <= 0.02
    assert min(mass for _, mass in z.values()) > LEAST_MASS
    gaps = {}
    for name, planted in truth["tradeoffs"].items():
        measured = {}
        for side in ("stated", "revealed"):
            own = [q for q in questions if q.tradeoff == name and q.side == side]
            table = np.array([[z[q.id, form.id][0] for form in grid.standard] for q in own])
            measured[side] = nested_mean(own, expit(table).mean(axis=1))
            assert measured[side] == pytest.approx(planted[side], abs=0.01)
            for sign, bias in (("order_sign", grammar.POSITION_BIAS), ("label_sign", grammar.LABEL_BIAS)):
                signs = np.array([getattr(form, sign) for form in grid.standard])
                assert nested_mean(own, (table * signs).mean(axis=1)) == pytest.approx(bias, abs=0.05)
        r, s = measured["revealed"], measured["stated"]
        gaps[name] = r * math.log(r / s) + (1 - r) * math.log((1 - r) / (1 - s))
    planted_order = sorted(gaps, key=lambda name: truth["tradeoffs"][name]["kl_revealed_stated"])
    assert sorted(gaps, key=gaps.get) == planted_order
