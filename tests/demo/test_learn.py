"""Guards: training is the same twice, and its loss asks for the planted odds."""

from __future__ import annotations

import math

import pytest
import torch
from demo_model.learn import Schedule, read_log_odds, train


@pytest.fixture(scope="module")
def few(cells):
    return cells[:4] + cells[3200:3204]


def test_the_same_seed_gives_the_same_weights(few, tokenizer):
    schedule = Schedule(steps=2, packs=1, warmup=1)
    one, two = (train(few, tokenizer, schedule).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], two[name]) for name in one)
    other = train(few, tokenizer, Schedule(steps=2, packs=1, warmup=1, seed=12)).state_dict()
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_a_few_cells_are_learned(few, tokenizer):
    model = train(few, tokenizer, Schedule(steps=40, packs=2, warmup=5))
    log_odds, mass = read_log_odds(model, few, tokenizer, batch=3)
    assert log_odds == pytest.approx([cell.log_odds for cell in few], abs=0.25)
    assert min(mass) > 0.95


def test_the_rate_rises_and_falls():
    schedule = Schedule(steps=100, warmup=10, peak=1.0)
    assert schedule.rate(4) == pytest.approx(0.5)
    assert schedule.rate(10) == 1.0
    assert schedule.rate(55) == pytest.approx(0.5 * (1 + math.cos(math.pi / 2)))
    assert schedule.rate(99) < 1e-3
