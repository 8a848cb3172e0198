"""A model's config, and the model built from it without memory for weights. Nothing that a config names is fetched."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from probe.errors import EnvironmentFault, ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from transformers import PretrainedConfig, PreTrainedModel

__all__ = [
    "ATTENTIONS",
    "auto_class",
    "build_skeleton",
    "layers_of",
    "quantisable_layers",
    "read_config",
    "refuse_endless",
    "skeleton_of",
]

ATTENTIONS = ("eager", "sdpa")
"""Implementations of attention that may be loaded; any other name makes transformers look for native code."""

_MOST = {"layer": 1000, "expert": 4096, "head": 4096, "block": 1000}
"""Largest counts by how the name of a count ends; published models stay far below."""

_EXPERTS = ("eager", "batched_mm", "grouped_mm")


def read_config(folder: Path, name: str) -> PretrainedConfig:
    """The config of a local folder, if nothing in it would load code.

    Raises:
        ModelError: transformers does not know the architecture, or the config asks for an implementation of
            attention or of experts that is not one of transformers' own in plain torch.
    """
    from transformers import AutoConfig  # noqa: PLC0415  costs a second

    with suppress(OSError, ValueError, RecursionError):  # transformers says what is wrong with it
        refuse_endless(json.loads((folder / "config.json").read_text(encoding="utf-8")), "config.json", name)
    try:
        config: PretrainedConfig = AutoConfig.from_pretrained(
            str(folder), trust_remote_code=False, local_files_only=True
        )
    except Exception as error:
        raise ModelError(
            f"{name}: its config.json cannot be used ({type(error).__name__}: {str(error)[:200]}). "
            "probe loads architectures that transformers knows and never runs code from a model's folder."
        ) from error
    for part in _parts(config):
        _refuse_unknown("attention", part._attn_implementation, ATTENTIONS, name)
        _refuse_unknown("experts", part._experts_implementation, _EXPERTS, name)
    if getattr(config, "fusion_config", None) is not None:
        config.fusion_config = None  # fused layers round otherwise than those of the architecture
    return config


def build_skeleton(config: PretrainedConfig) -> PreTrainedModel:
    """The model of a config on the meta device: every layer and shape, no weights.

    Raises:
        Exception: Whatever transformers raises for a config that cannot be built.
    """
    with torch.device("meta"):
        build: Callable[..., PreTrainedModel] = auto_class(config).from_config
        return build(config, trust_remote_code=False)


def skeleton_of(config: PretrainedConfig, name: str) -> PreTrainedModel:
    """`build_skeleton` of a model that can be read, or why there is none.

    Raises:
        ModelError: transformers has no such language model, or its answers come from a decoder beside an encoder.
        EnvironmentFault: transformers builds it with a library that is not installed.
    """
    if getattr(config, "is_encoder_decoder", False) and auto_class(config).__name__ != "AutoModelForCausalLM":
        raise ModelError(
            f"{name}: a {config.model_type} has an encoder for its input and a decoder for its answer. probe reads "
            "models that go on with one text: choose one of those."
        )
    try:
        return build_skeleton(config)
    except ImportError as error:
        library = re.search(r"pip install ['\"]?([\w.-]+)", str(error))
        remedy = f"Run: pip install {library[1]}" if library else f"({str(error).strip()[:200]})"
        raise EnvironmentFault(
            f"{name}: transformers builds a {config.model_type} with a library that is not installed. {remedy}"
        ) from error
    except Exception as error:
        raise ModelError(
            f"{name}: its config.json cannot be built into a model ({type(error).__name__}: {str(error)[:200]}). "
            "probe loads language models that transformers knows and never runs code from a model's folder."
        ) from error


def auto_class(config: PretrainedConfig) -> Any:  # noqa: ANN401  transformers' factories share no public base
    """What makes the model of a config: a language model, else one that takes images or sound beside its text.

    Models of the second kind have no causal class of their own. Their text part is read through their own forward
    pass, which is given text alone.
    """
    from transformers import (  # noqa: PLC0415
        AutoModelForCausalLM,
        AutoModelForImageTextToText,
        AutoModelForMultimodalLM,
    )

    every = (AutoModelForCausalLM, AutoModelForImageTextToText, AutoModelForMultimodalLM)
    return next((one for one in every if type(config) in one._model_mapping), AutoModelForCausalLM)


def quantisable_layers(model: PreTrainedModel) -> list[nn.Module]:
    """What bitsandbytes replaces: linear layers but the output projection. Fused experts of a mixture are none."""
    from transformers.pytorch_utils import Conv1D  # noqa: PLC0415

    head = model.get_output_embeddings()  # type: ignore[no-untyped-call]
    tied = None if head is None else head.weight
    linear = (module for module in model.modules() if isinstance(module, nn.Linear | Conv1D))
    return [module for module in linear if module is not head and module.weight is not tied]


def layers_of(model: nn.Module) -> list[nn.Module]:
    """The layers of a model, whatever its class calls them."""
    found: list[nn.Module] = []
    for child in model.children():
        found += list(child) if isinstance(child, nn.ModuleList) else layers_of(child)
    return found


def _parts(config: PretrainedConfig) -> Iterator[PretrainedConfig]:
    """The config and those nested in it."""
    yield config
    for key in config.sub_configs:
        part = getattr(config, key, None)
        if part is not None:
            yield from _parts(part)


def refuse_endless(content: object, where: str, name: str) -> None:
    """Refuse counts that no model has, before anything is built by them.

    Raises:
        ModelError: With the entry, and `where` it stands.
    """
    for key, value in _numbers(content):
        most = next((most for ends, most in _MOST.items() if key.rstrip("s").endswith(ends)), None)
        if most is not None and value > most:
            raise ModelError(
                f"{name}: its {where} says {key}: {value}, and probe builds models of at most {most}. Correct the "
                "number, or take the model from where it was published."
            )


def _numbers(content: object) -> Iterator[tuple[str, float]]:
    """Every number of a config with its key, nested configs included."""
    if not isinstance(content, dict):
        return
    for key, value in content.items():
        if isinstance(value, int | float):
            yield str(key), value
        else:
            yield from _numbers(value)


def _refuse_unknown(what: str, asked: str | None, known: tuple[str, ...], name: str) -> None:
    if asked is not None and asked not in known:
        raise ModelError(
            f"{name}: its config.json asks for the implementation {asked!r} of {what}, which may download and run "
            f"native code. Remove the entry, or set it to one of {', '.join(known)}."
        )
