"""Several packs of one model at once on a CPU: a pass has one thread, so that no bit depends on how many there are."""

from __future__ import annotations

import copy
import inspect
from dataclasses import replace
from typing import TYPE_CHECKING

from torch import nn

from probe.engine.cpu_threads import computes_on_cpu
from probe.engine.expansion import is_quantised
from probe.engine.placement import free_memory
from probe.engine.upcast import compute_in_float32

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from probe.engine.load import LoadedModel

__all__ = ["REPLICA_BYTES", "twin", "twins"]

REPLICA_BYTES = 2 * 2**30
"""Memory that must be free for each pack that is read beside others: what a pass holds, generously."""


def twins(loaded: LoadedModel, threads: int) -> tuple[LoadedModel, ...]:
    """Models to read with beside `loaded`, at most one for each further thread; none where that is no gain or unsafe.

    A GPU works on one pack at a time. Quantised layers, and layers whose weights accelerate moves about, keep a state
    of their own during a pass, so they are not shared; weights that were stored quantised and expanded on loading are.
    """
    stateful = any(is_quantised(module) or hasattr(module, "_hf_hook") for module in loaded.model.modules())
    if threads == 1 or not computes_on_cpu(loaded.asked_device) or stateful:
        return ()
    room = free_memory("cpu") // (REPLICA_BYTES + loaded.fp32_bytes)
    return tuple(twin(loaded) for _ in range(min(threads, room) - 1))


def twin(loaded: LoadedModel) -> LoadedModel:
    """The same weights in the same memory, under modules of their own, so that passes of both do not meet."""
    model = loaded.model
    # Whether gradients could be asked for decides how torch folds a product, so that too stays as it is.
    shared: dict[int, object] = {id(p): nn.Parameter(p.detach(), p.requires_grad) for p in model.parameters()}
    shared.update((id(buffer), buffer.detach()) for buffer in model.buffers())
    copied: PreTrainedModel = copy.deepcopy(model, shared)
    if loaded.weights.compute == "fp32":
        for module in copied.modules():
            if inspect.isfunction(vars(module).get("forward")):  # raises the tensors of the module it was made for
                del module.forward
        compute_in_float32(copied)
    return replace(loaded, model=copied)
