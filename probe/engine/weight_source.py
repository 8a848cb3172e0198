"""Where transformers takes a model's weights from: the folder as it is, or its tensors expanded by probe."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from probe.engine.adapter import adapter_facts, refuse_quantising
from probe.engine.expanded_files import unread_tensors
from probe.engine.gguf import WEIGHTS, gguf_formats
from probe.engine.merge_adapter import merged_weights
from probe.engine.meta_model import auto_class, build_skeleton
from probe.engine.quantise import expanded_dtype, quantisation_config, stored_dtype
from probe.engine.stored import stored_quantisation
from probe.engine.whole_file import refuse_differences

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from transformers import PretrainedConfig, PreTrainedModel

    from probe.engine.precision import Precision

__all__ = ["WeightSource", "own_generation_config", "weight_source"]


@dataclass(frozen=True)
class WeightSource:
    """What builds a model from its weights.

    Attributes:
        load: A ``from_pretrained``.
        arguments: Those that say what the weights are.
        quantised: Whether the model keeps codes instead of some weights, or transformers itself expands them.
    """

    load: Callable[..., Any]
    arguments: dict[str, Any]
    quantised: bool


def weight_source(folder: Path, config: PretrainedConfig, precision: Precision, name: str) -> WeightSource:
    """Find out what to give to transformers.

    Raises:
        ModelError: The weights are stored in a quantisation that cannot be read, or shall be quantised again.
        EnvironmentFault: The library that reads them is not installed.
    """
    from transformers import GgufConfig  # noqa: PLC0415

    if adapter_facts(folder):
        return _merged(folder, config, precision, name)
    asked = quantisation_config(config, precision, name)
    stored = stored_quantisation(config)
    load: Callable[..., Any] = auto_class(config).from_pretrained
    dtype = "auto" if precision.dtype == "auto" else getattr(torch, precision.dtype)
    given: dict[str, Any] = {"pretrained_model_name_or_path": str(folder), "dtype": dtype, "config": config}
    if gguf_formats(folder) is not None:
        return WeightSource(
            load, {**given, "gguf_file": WEIGHTS, "quantization_config": GgufConfig(dequantize=True)}, True
        )
    if stored is None or (asked is not None and stored.method != "bitsandbytes"):
        return WeightSource(load, {**given, "quantization_config": asked}, asked is not None)
    own = copy.deepcopy(config)
    if asked is not None:
        own.quantization_config = asked.to_dict()  # transformers looks at no other, where weights are stored by it
        return WeightSource(load, {**given, "config": own}, quantised=True)
    for part in (own, own.get_text_config()):
        vars(part).pop("quantization_config", None)
    skeleton = build_skeleton(own)
    expanded = {
        "pretrained_model_name_or_path": None,
        "state_dict": unread_tensors(folder, stored, skeleton.state_dict(), name),
        "dtype": expanded_dtype(config, precision),
        "config": skeleton.config,
    }
    return WeightSource(type(skeleton).from_pretrained, expanded, quantised=False)


def _merged(folder: Path, config: PretrainedConfig, precision: Precision, name: str) -> WeightSource:
    refuse_quantising(name, precision.quant)
    skeleton = build_skeleton(config)
    weights, info = merged_weights(folder, config, name)
    refuse_differences(info, {}, config, name)
    given: dict[str, Any] = {
        "pretrained_model_name_or_path": None,
        "state_dict": weights,
        "dtype": stored_dtype(config, precision),
        "config": skeleton.config,
    }
    return WeightSource(type(skeleton).from_pretrained, given, quantised=False)


def own_generation_config(model: PreTrainedModel, folder: Path) -> None:
    """Give a model what its folder says about the end of a text, which transformers reads with the weights alone."""
    from transformers import GenerationConfig  # noqa: PLC0415

    if (folder / "generation_config.json").is_file():
        model.generation_config = GenerationConfig.from_pretrained(str(folder), local_files_only=True)
