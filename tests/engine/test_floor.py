"""Guards: the floor is the largest difference over all cells, from prompts read alone."""

from __future__ import annotations

import pytest
from tiny import tiny_model

from probe.engine.floor import measure_floor
from probe.engine.plain import read_alone
from probe.prompts.pack import Prompt


def difference(logprobs):
    return logprobs[0] - logprobs[1]


def test_it_is_the_largest_difference():
    model = tiny_model("llama")
    prompts = [Prompt((n, 2, 3), ((4,), (5, 6))) for n in range(4)]
    exact = [difference(read_alone(model, prompt)) for prompt in prompts]
    shifts = [0.0, -0.25, 0.125, 0.0]
    steps = []
    cells = [(p, z + shift, difference) for p, z, shift in zip(prompts, exact, shifts, strict=True)]
    assert measure_floor(model, cells, steps.append) == pytest.approx(0.25, abs=1e-12)
    assert steps == [1, 1, 1, 1]


def test_equal_readings_have_no_floor():
    model = tiny_model("llama")
    prompt = Prompt((1, 2, 3), ((4,), (5, 6)))
    assert measure_floor(model, [(prompt, difference(read_alone(model, prompt)), difference)], lambda _: None) == 0.0
