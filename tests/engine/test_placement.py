"""Guards: a device that is not there is told, what a spread model holds where is read back, and nothing spills unasked."""

from __future__ import annotations

import gc
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from probe.engine.load import load_model
from probe.engine.placement import (
    budgets,
    choose_device,
    device_name,
    free_memory,
    input_device,
    placement_of,
    refuse_spill,
    release_memory,
)
from probe.engine.plain import PlainReader, read_alone
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


@pytest.mark.parametrize("device", ["mps", "mps:0"])
def test_apples_gpus_are_refused_in_a_sentence(device):
    with pytest.raises(EnvironmentFault, match=r"no float64.*Use --device cpu\.") as caught:
        choose_device(device)
    assert caught.value.exit_code == 3


@pytest.fixture
def allocator(monkeypatch):
    """A GPU of 100 bytes whose 60 are reserved by this process, 10 of them in use."""
    held = SimpleNamespace(free=40, reserved=60, allocated=10)

    def empty_cache():
        held.free, held.reserved = held.free + held.reserved - held.allocated, held.allocated

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (held.free, 100))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: held.reserved)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: held.allocated)
    monkeypatch.setattr(torch.cuda, "empty_cache", empty_cache)
    return held


def test_what_is_reserved_and_not_used_is_free(allocator):
    assert free_memory("cuda") == free_memory("cuda:0") == 90
    assert budgets("auto", 0) == {0: 85}
    release_memory()
    assert (allocator.free, free_memory("cuda")) == (90, 90)


def test_a_second_model_finds_the_first_gone(folder, allocator, monkeypatch):
    """What is left of a model hangs in cycles until someone collects them, and loading looks at the memory first."""

    class Weights:
        def __del__(self):
            allocator.allocated = 0

    found = []

    def look(device):
        found.append((device, allocator.allocated, allocator.reserved))
        return 2**40

    monkeypatch.setattr("probe.engine.memory.free_memory", look)
    weights = Weights()
    weights.itself = weights
    gc.disable()
    try:
        del weights
        assert allocator.allocated == 10
        load_model(folder, "tiny", precision=Precision(), device="cpu")
    finally:
        gc.enable()
    assert found == [("cpu", 0, 0)]


def test_the_cpu_is_always_there():
    assert choose_device("cpu") == "cpu"
    assert choose_device(None) == ("cuda" if torch.cuda.is_available() else "cpu")


def test_spreading_needs_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(EnvironmentFault, match="--device auto: spreads a model over GPUs, and this machine has none"):
        choose_device("auto")
    assert choose_device("offload") == "offload"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto") == "auto"


def test_what_a_spread_model_may_take_is_a_share_of_what_is_free(monkeypatch):
    free = {0: 1000, 1: 400}
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda gpu: (free[gpu], 10**6))
    assert budgets("auto", 100) == {0: 850, 1: 280}
    assert budgets("auto", 900) == {0: 50, 1: 0}
    assert free_memory("auto") == 950 + 380
    assert set(budgets("offload", 100)) == {0, 1, "cpu"}
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda gpu: f"GPU {gpu}")
    assert device_name("auto") == "GPU 0 + GPU 1"
    assert device_name("cpu") == "cpu"


class Placed(torch.nn.Module):
    """Stands for a model that accelerate has spread."""

    def __init__(self, places):
        super().__init__()
        self.one, self.two = torch.nn.Linear(4, 4, bias=False), torch.nn.Linear(4, 8, bias=False)
        self.hf_device_map = places


@pytest.mark.parametrize(("spilled", "first"), [({"two": "cpu"}, "two"), ({"one": "disk", "two": "disk"}, "one")])
def test_a_part_that_is_not_on_a_gpu_is_refused_with_the_remedy(spilled, first):
    model = Placed({"one": 0, "two": 1, **spilled})
    words = rf"big: does not fit on the GPUs; {len(spilled)} of 2 parts .* the first is {first}\. Use --quant .*--device offload"
    with pytest.raises(EnvironmentFault, match=words):
        refuse_spill(model, "auto", "big")
    refuse_spill(model, "offload", "big")
    refuse_spill(Placed({"one": 0, "two": 1}), "auto", "big")


def test_where_the_weights_lie_is_read_back():
    assert placement_of(Placed({"one": 0, "two": 1})) == {"cuda:0": 64, "cuda:1": 128}
    assert placement_of(Placed({"one": "cpu", "two": "disk"})) == {"cpu": 64, "disk": 128}
    assert placement_of(Placed({})) == {"cpu": 192}
    assert placement_of(Placed({"": torch.device("cuda:1")})) == {"cuda:1": 192}


@pytest.mark.parametrize("share", [0.0, 0.4, 0.75])
def test_a_model_whose_parts_wait_on_disk_reads_the_same(folder, little_memory, share):
    """accelerate's own dispatch, with main memory as the device and the disk beside it."""
    whole = load_model(folder, "tiny", precision=Precision(), device="cpu")
    little_memory(int(share * whole.weights.weight_bytes))
    spread = load_model(folder, "tiny", precision=Precision(), device="offload")
    assert spread.weights.placement["disk"] > 0
    assert sum(spread.weights.placement.values()) == sum(whole.weights.placement.values())
    assert input_device(spread.model).type == "cpu"
    boundary = np.zeros(8, dtype=bool)
    one, other = (PlainReader(m.model, boundary, "tiny").read(Pack(PROMPTS, 64)) for m in (whole, spread))
    assert one == other
    assert [read_alone(m.model, PROMPTS[0]) for m in (whole, spread)] == [read_alone(whole.model, PROMPTS[0])] * 2


@pytest.mark.parametrize("share", [0.0, 0.75])
def test_float32_compute_reaches_weights_that_wait_on_disk(folder, little_memory, share):
    whole = load_model(folder, "tiny", precision=Precision(compute="fp32"), device="cpu")
    little_memory(int(share * whole.weights.weight_bytes))
    spread = load_model(folder, "tiny", precision=Precision(compute="fp32"), device="offload")
    assert spread.weights.placement["disk"] > 0
    for prompt in PROMPTS:
        assert read_alone(spread.model, prompt) == read_alone(whole.model, prompt)


def test_a_spread_model_that_spills_is_refused_after_loading(folder, little_memory, monkeypatch):
    monkeypatch.setattr("probe.engine.memory.free_memory", lambda _: 10**12)
    little_memory(10**5)
    with pytest.raises(EnvironmentFault, match="tiny: does not fit on the GPUs"):
        load_model(folder, "tiny", precision=Precision(), device="auto")


def test_a_spread_model_that_cannot_fit_is_refused_before_loading(folder, monkeypatch):
    monkeypatch.setattr("probe.engine.placement.budgets", lambda *_: {0: 10, 1: 10})
    with pytest.raises(EnvironmentFault, match=r"tiny: needs .* on auto, of which 0\.0 are free"):
        load_model(folder, "tiny", precision=Precision(), device="auto")
