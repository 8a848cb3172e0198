"""Guards: a device that is not there is told, what a spread model holds where is read back, and nothing spills unasked."""

from __future__ import annotations

import pytest
import torch

from probe.engine import placement
from probe.engine.load import load_model
from probe.engine.placement import budgets, choose_device, device_name, free_memory, input_device, placement_of
from probe.engine.plain import PlainReader, next_token_logprobs, read_alone
from probe.engine.precision import Precision
from probe.errors import EnvironmentFault
from probe.prompts.pack import Pack, Prompt

PROMPTS = (Prompt((3, 1, 4), ((9,), (2, 6))), Prompt((5, 3, 5, 8), ((9,), (7, 9, 3))))


@pytest.fixture(scope="module")
def folder(tiny_model_folder, demo_folder):
    """Four layers in bfloat16."""
    return tiny_model_folder("llama", demo_folder, dtype="bfloat16", num_hidden_layers=4)


@pytest.fixture
def little_memory(monkeypatch):
    """``little_memory(bytes)``: main memory in the place of GPUs, so small that a part waits on disk."""

    def set_to(size):
        monkeypatch.setattr("probe.engine.load.budgets", lambda *_: {"cpu": size})

    return set_to


@pytest.mark.parametrize("device", ["cuda:93", "nonesuch"])
def test_a_device_that_is_not_there_is_the_machines_fault(device):
    with pytest.raises(EnvironmentFault, match=f"--device {device}: this machine has no such device") as caught:
        choose_device(device)
    assert caught.value.exit_code == 3


def test_the_cpu_is_always_there():
    assert choose_device("cpu") == "cpu"
    assert choose_device(None) == ("cuda" if torch.cuda.is_available() else "cpu")


