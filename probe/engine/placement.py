"""Where a model's weights lie: one device, all GPUs, or what must wait beside them in main memory and on disk."""

from __future__ import annotations

import gc
from collections import Counter
from typing import TYPE_CHECKING

import psutil
import torch

from probe.engine.heap import give_freed_memory_back
from probe.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers import PreTrainedModel

__all__ = [
    "SPREAD",
    "budgets",
    "choose_device",
    "device_name",
    "free_memory",
    "input_device",
    "placement_of",
    "refuse_spill",
    "release_memory",
]

SPREAD = ("auto", "offload")
"""``auto``: over all GPUs, and nowhere else. ``offload``: what they cannot hold is fetched for each pass."""

_SHARE = 0.95
"""Of the free memory that weights may take; the rest is for what a pass needs."""


def choose_device(wanted: str | None) -> str:
    """The device to run on: what was asked for if it is there, else a GPU if there is one, else the CPU.

    Raises:
        EnvironmentFault: The device that was asked for is not there.
    """
    if wanted is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    if wanted.partition(":")[0] == "mps":
        raise EnvironmentFault(
            f"--device {wanted}: Apple's GPUs have no float64, in which log-probabilities are computed. "
            "Use --device cpu."
        )
    if wanted == "auto" and not torch.cuda.is_available():
        raise EnvironmentFault(
            "--device auto: spreads a model over GPUs, and this machine has none. Leave --device out to use the CPU."
        )
    if wanted in SPREAD:
        return wanted
    try:
        device = torch.device(wanted)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise EnvironmentFault(
            f"--device {wanted}: this machine has no such device ({str(error).splitlines()[0][:120]}). "
            "Leave --device out, or run `probe doctor` to see what is there."
        ) from error
    return wanted


def free_memory(device: str) -> int:
    """Bytes that are free on a device, or on all that a spread model may use; for ``offload`` the disk is not asked."""
    if device in SPREAD:
        return sum(budgets(device, 0).values())
    if device.startswith("cuda"):
        return _free_on_gpu(device)
    if device.startswith("xpu"):
        return int(torch.xpu.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def release_memory() -> None:
    """Give back what a model that is gone has left: what only cycles hold, and what the allocators keep for later."""
    gc.collect()
    give_freed_memory_back()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.xpu.is_available():
        torch.xpu.empty_cache()


def budgets(device: str, temporary: int) -> dict[int | str, int]:
    """Bytes of weights that each device may hold, for accelerate.

    Args:
        device: ``auto`` or ``offload``.
        temporary: Bytes to leave free on each GPU beside the share that is always left.
    """
    gpus = range(torch.cuda.device_count())
    found: dict[int | str, int] = {gpu: max(0, int(_SHARE * _free_on_gpu(gpu)) - temporary) for gpu in gpus}
    if device == "offload":
        found["cpu"] = int(_SHARE * psutil.virtual_memory().available)
    return found


def refuse_spill(model: PreTrainedModel, device: str, name: str) -> None:
    """Read back where the parts of a spread model lie.

    Raises:
        EnvironmentFault: A part is not on a GPU and ``offload`` was not asked for.
    """
    if device != "auto":
        return
    placed: Mapping[str, object] = getattr(model, "hf_device_map", {})
    spilled = sorted(part for part, put_on in placed.items() if str(put_on) in {"cpu", "disk"})
    if spilled:
        raise EnvironmentFault(
            f"{name}: does not fit on the GPUs; {len(spilled)} of {len(placed)} parts would lie in main memory or on "
            f"disk, the first is {spilled[0] or 'the whole model'}. Use --quant int8 or nf4 or a smaller model, or "
            "accept slow reading with --device offload."
        )


def placement_of(model: PreTrainedModel) -> dict[str, int]:
    """Bytes of parameters by where they lie, read back from the model; ``disk`` where they wait there."""
    placed: Mapping[str, object] = getattr(model, "hf_device_map", {})
    found: Counter[str] = Counter()
    for name, parameter in model.named_parameters():
        put_on = next((placed[part] for part in _parts(name) if part in placed), parameter.device)
        found[str(torch.device("cuda", put_on) if isinstance(put_on, int) else put_on)] += (
            parameter.numel() * parameter.element_size()
        )
    return dict(sorted(found.items()))


def input_device(model: PreTrainedModel) -> torch.device:
    """Where token ids go: to the device that the model's first part computes on."""
    hook = getattr(model, "_hf_hook", None)
    executes = getattr(hook, "execution_device", None)
    if executes is not None:
        return torch.device("cuda", executes) if isinstance(executes, int) else torch.device(executes)
    return model.device


def device_name(device: str) -> str:
    """Name of the GPU or GPUs, or ``cpu``."""
    if device in SPREAD:
        names = [torch.cuda.get_device_name(gpu) for gpu in range(torch.cuda.device_count())]
        return " + ".join(names) or "cpu"
    return str(torch.cuda.get_device_name(device)) if device.startswith("cuda") else device


def _free_on_gpu(gpu: str | int) -> int:
    """What the driver has, and what this process has reserved and does not use."""
    unused = torch.cuda.memory_reserved(gpu) - torch.cuda.memory_allocated(gpu)
    return int(torch.cuda.mem_get_info(gpu)[0]) + max(0, unused)


def _parts(name: str) -> list[str]:
    """A parameter's name and everything that contains it, the nearest first."""
    steps = name.split(".")
    return [".".join(steps[:end]) for end in range(len(steps), -1, -1)]
