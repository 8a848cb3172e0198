"""Guards: every device reads the known answer with both readers, twice; a torch that cannot use a GPU is named."""

from __future__ import annotations

import pytest
import torch

from probe.commands import doctor
from probe.errors import EnvironmentFault


@pytest.fixture
def answers(monkeypatch):
    """``answers(found)``: what each device and reader reads; an exception is raised."""

    def give(found, gpus):
        asked = []

        def known(device, reader):
            asked.append((device, reader))
            told = found.get((device, reader), (2.0, 2.0))
            if isinstance(told, Exception):
                raise told
            return 2.1, told

        monkeypatch.setattr(doctor, "_known_answer", known)
        monkeypatch.setattr(doctor, "_devices", list)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
        return asked

    return give


def test_every_device_and_both_readers(answers):
    asked = answers({}, 2)
    diagnosis = doctor.diagnose()
    assert asked == [(d, r) for d in ("cpu", "cuda:0", "cuda:1") for r in ("trie", "plain")]
    assert diagnosis.sound
    assert sum("as it should be, twice the same" in line for line in diagnosis.lines) == 6


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ((2.0, 2.0000001), "FAILED: 2.0 and then 2.0000001, which are to be the same bits"),
        ((3.0, 3.0), "FAILED: they differ by more than 0.35"),
        (EnvironmentFault("gone"), "FAILED. gone"),
        (RuntimeError("CUDA error: no kernel image is available"), "FAILED. CUDA error: no kernel image"),
    ],
)
def test_one_that_is_wrong_is_named_and_the_others_are_still_asked(answers, found, told):
    asked = answers({("cuda:0", "trie"): found}, 2)
    diagnosis = doctor.diagnose()
    assert not diagnosis.sound
    (line,) = [line for line in diagnosis.lines if "FAILED" in line]
    assert line.startswith("known answer on cuda:0 (trie): ")
    assert told in line
    assert len(asked) == 6


@pytest.mark.parametrize(("driver", "cuda", "named"), [(True, None, True), (True, "12.8", False), (False, None, False)])
def test_a_torch_for_the_cpu_beside_a_gpu_is_named(monkeypatch, driver, cuda, named):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    monkeypatch.setattr(doctor, "has_nvidia_driver", lambda: driver)
    assert any("built for the CPU alone" in line for line in doctor._devices()) == named


def test_a_driver_is_seen_by_its_tool(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}" if name == "nvidia-smi" else None)
    assert doctor.has_nvidia_driver()
