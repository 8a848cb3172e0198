"""What a model's files say of it: config, headers of the weights, and the model built without memory for weights."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import PreTrainedConfig

__all__ = ["FolderFacts", "folder_facts"]

_DTYPES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """What could be derived from a folder; None where it could not.

    Attributes:
        architecture: Class that reads it.
        context: Longest prompt in tokens.
        dtype: What most of its weights are stored in, or what its config says.
        params_b: Parameters, in thousand millions; weights that are tied count once.
        active_b: Of these, how many one token passes through; None unless it is a mixture of experts.
        unquantised_b: Of these, how many bitsandbytes leaves as they are.
        mixture: Whether it is a mixture of experts.
        gaps: What could not be derived, and why.
    """

    architecture: str | None = None
    context: int | None = None
    dtype: str | None = None
    params_b: float | None = None
    active_b: float | None = None
    unquantised_b: float | None = None
    mixture: bool | None = None
    gaps: tuple[str, ...] = ()


def folder_facts(folder: Path) -> FolderFacts:
    """Derive what the files of a folder say; what is missing or damaged is told among the gaps, never raised."""
    from probe.engine.meta_model import read_config  # noqa: PLC0415  torch, which other verbs must not pay for

    try:
        config = read_config(folder, folder.name)
    except Exception as error:  # noqa: BLE001  a config may be wrong in any way, and that it is is the finding
        return FolderFacts(gaps=(f"everything in config.json: {_first_line(error)}",))
    facts = FolderFacts(context=getattr(config.get_text_config(), "max_position_embeddings", None))
    gaps: list[str] = []
    try:
        facts = replace(facts, dtype=_stored_dtype(folder) or _config_dtype(config))
    except Exception as error:  # noqa: BLE001
        gaps.append(f"dtype: {_first_line(error)}")
    try:
        facts = _with_sizes(facts, config, folder.name)
    except Exception as error:  # noqa: BLE001
        gaps.append(f"architecture and numbers of parameters: {_first_line(error)}")
    return replace(facts, gaps=tuple(gaps))


def _with_sizes(facts: FolderFacts, config: PreTrainedConfig, name: str) -> FolderFacts:
    from probe.engine.flops import experts_per_token  # noqa: PLC0415
    from probe.engine.meta_model import quantisable_layers, skeleton_of  # noqa: PLC0415

    model = skeleton_of(config, name)
    linear = {id(layer.weight) for layer in quantisable_layers(model)}
    total = unquantised = idle = 0
    chosen = experts_per_token(config)
    mixture = False
    for own, weight in model.named_parameters():
        total += weight.numel()
        unquantised += 0 if id(weight) in linear else weight.numel()
        if own.split(".")[-2:-1] == ["experts"]:  # all experts in one tensor, along its first dimension
            mixture = True
            experts = weight.shape[0]
            idle += weight.numel() * (experts - min(chosen or experts, experts)) // experts
    return replace(
        facts,
        architecture=type(model).__name__,
        params_b=total / 1e9,
        active_b=(total - idle) / 1e9 if mixture and chosen is not None else None,
        unquantised_b=unquantised / 1e9,
        mixture=mixture,
    )


def _stored_dtype(folder: Path) -> str | None:
    """What most weights are stored in, by the headers of the safetensors; None if there are none."""
    counts: Counter[str] = Counter()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        for name, tensor in header.items():
            if name != "__metadata__":
                begin, end = tensor["data_offsets"]
                counts[str(tensor["dtype"])] += end - begin
    if not counts:
        return None
    most = counts.most_common(1)[0][0]
    return _DTYPES.get(most, most)


def _config_dtype(config: PreTrainedConfig) -> str | None:
    return str(config.dtype).removeprefix("torch.") if config.dtype is not None else None


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or ['no message'])[0][:200]}"
