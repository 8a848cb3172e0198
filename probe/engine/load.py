"""From a local folder to a model that reads: safetensors only, no code from the folder, dtype read back."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import torch

from probe.engine.adapter import adapter_facts
from probe.engine.cpu_threads import computes_on_cpu, one_thread_a_pass
from probe.engine.expansion import is_quantised
from probe.engine.folder_look import refuse_incomplete
from probe.engine.gguf import gguf_formats, quick_gguf
from probe.engine.head import project_in_float32
from probe.engine.heap import keep_freed_memory
from probe.engine.hub import foreign_weights
from probe.engine.memory import estimate_memory, held_bytes, refuse_too_large
from probe.engine.meta_model import ATTENTIONS, read_config
from probe.engine.mixers import shorten_chunks
from probe.engine.placement import (
    SPREAD,
    budgets,
    device_name,
    placement_of,
    refuse_spill,
    release_memory,
)
from probe.engine.products import hold_products_to_definition
from probe.engine.quantise import stated_settings, stored_dtype, use_one_code_path
from probe.engine.rope import forget_lengths
from probe.engine.upcast import compute_in_float32
from probe.engine.weight_source import own_generation_config, weight_source
from probe.engine.whole_file import refuse_differences, refuse_other_tensors
from probe.errors import EnvironmentFault, ModelError, ProbeError
from probe.loaded_facts import WeightFacts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers import PretrainedConfig, PreTrainedModel

    from probe.engine.precision import Precision

__all__ = ["LoadedModel", "apply_determinism", "load_model", "loaded", "numerics"]


@dataclass(frozen=True)
class LoadedModel:
    """A causal language model, ready to read, and what was really loaded.

    Attributes:
        model: The transformers model in evaluation mode.
        name: How the study calls it.
        asked_device: The device as it was asked for: ``cuda``, ``cpu``, ``auto`` ...
        threads: CPU threads there are to read with. A pass on a CPU uses one of them.
        fp32_bytes: Memory that a pass in float32 compute needs beside the weights.
        weights: What they are.
    """

    model: PreTrainedModel
    name: str
    asked_device: str
    threads: int
    fp32_bytes: int
    weights: WeightFacts


def load_model(folder: Path, name: str, *, precision: Precision, device: str, gpu_fast: bool = False) -> LoadedModel:
    """Load the weights of a local folder.

    Args:
        folder: A folder with config.json and ``*.safetensors``, or one made for a GGUF file.
        name: How the study calls the model.
        precision: In which numbers it is kept and computed.
        device: From `choose_device`.
        gpu_fast: Whether its projection is made in one product, which no GPU has run yet.

    Raises:
        ModelError: No safetensors, an architecture that transformers does not know, damaged or incomplete weights, a
            config that asks for downloaded code or for weights elsewhere, int8 kernels that are wrong.
        EnvironmentFault: The model does not fit into the memory of the device or the GPUs.
    """
    from transformers.utils import logging  # noqa: PLC0415  costs a second; only a reading needs it

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # it would write into the run's own
    apply_determinism()
    refuse_incomplete(folder, name)
    estimate = estimate_memory(folder, name, precision)
    release_memory()
    refuse_too_large(estimate, device, name)
    model, info, settings = _from_folder(folder, name, precision, device, estimate.temporary)
    refuse_differences(info, {}, read_config(folder, name), name)
    refuse_spill(model, device, name)
    _refuse_other_attention(model, name)
    use_one_code_path(model)
    if any(map(is_quantised, model.modules())):
        dtype, native = stored_dtype(model.config, precision), precision.compute == "native"
        try:
            settings["expansion"] = hold_products_to_definition(model, name, dtype, native=native)
        except torch.OutOfMemoryError as error:
            raise _does_not_fit(name, device) from error
    project_in_float32(model, name, one_product=gpu_fast)
    forget_lengths(model)
    if computes_on_cpu(device):
        keep_freed_memory()
        shorten_chunks(model)
    if precision.compute == "fp32":
        compute_in_float32(model)
    weights = WeightFacts(
        dtype="+".join(sorted({str(p.dtype).removeprefix("torch.") for p in model.parameters()})),
        attention=str(model.config._attn_implementation),
        architecture=type(model).__name__,
        parameters=estimate.parameters,
        device=device_name(device),
        quantisation=settings,
        compute=precision.compute,
        weight_bytes=held_bytes(model),
        estimated_bytes=estimate.weights,
        unquantised_share=estimate.unquantised_share,
        placement=placement_of(model),
        numerics=numerics(),
    )
    return LoadedModel(model, name, device, torch.get_num_threads(), estimate.temporary_fp32, weights)


def _from_folder(
    folder: Path, name: str, precision: Precision, device: str, temporary: int
) -> tuple[PreTrainedModel, dict[str, Any], dict[str, str | bool | float]]:
    config = read_config(folder, name)
    _refuse_weights_elsewhere(folder, config, name)
    refuse_other_tensors(folder, name)
    settings, formats, spread = stated_settings(config, precision), gguf_formats(folder), device in SPREAD
    if formats is not None:
        settings = {"kind": f"GGUF {formats}", "expanded": True}
    settings |= adapter_facts(folder)
    try:
        source = weight_source(folder, config, precision, name)
        straight = device != "cpu" and "state_dict" not in source.arguments  # past main memory, file by file
        quick = contextlib.nullcontext() if formats is None else quick_gguf(vocabulary=False)
        with mock.patch("transformers.modeling_gguf_pytorch_utils.tqdm", _quiet), quick:
            pair: Any = source.load(
                **source.arguments,
                device_map="auto" if spread else {"": device} if source.quantised or straight else None,
                max_memory=budgets(device, temporary) if spread else None,
                use_safetensors=formats is None,
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # refused later, by name
            )
        model = pair[0] if spread or source.quantised or straight else pair[0].to(device)
        if "state_dict" in source.arguments:
            own_generation_config(model, folder)
        return model.eval(), pair[1], settings
    except torch.OutOfMemoryError as error:
        raise _does_not_fit(name, device) from error
    except ProbeError:
        raise
    except Exception as error:
        raise ModelError(
            f"{name}: the weights cannot be loaded ({type(error).__name__}: {str(error).strip()[:300]}). "
            "Check that the folder is complete, and that transformers knows its architecture without remote code."
        ) from error


def _quiet(tensors: list[Any], **_: object) -> list[Any]:
    """What stands for a progress bar that cannot be turned off, and would write into the run's own."""
    return tensors


def _does_not_fit(name: str, device: str) -> EnvironmentFault:
    more = ", or more GPUs for it (--device auto, --gpus-per-worker N)" if device.startswith("cuda") else ""
    return EnvironmentFault(
        f"{name}: the weights do not fit into the memory of {device}. Use a smaller model, --dtype bfloat16 or "
        f"--quant nf4{more}."
    )


@contextlib.contextmanager
def loaded(
    folder: Path, name: str, *, precision: Precision, device: str, gpu_fast: bool = False
) -> Iterator[LoadedModel]:
    """`load_model` whose memory is given back at the end; meanwhile a pass on a CPU has one thread."""
    with one_thread_a_pass(device) as threads:
        model = replace(
            load_model(folder, name, precision=precision, device=device, gpu_fast=gpu_fast), threads=threads
        )
        try:
            yield model
        finally:
            del model
            release_memory()


def numerics() -> dict[str, str]:
    """Settings that move last bits, read back: those of `load_model` are in force while it reads.

    Example:
        >>> sorted(numerics())[:2]
        ['cublas_workspace', 'cudnn_benchmark']
    """
    products, convolutions = torch.backends.cuda.matmul, torch.backends.cudnn
    cuda: Any = torch.backends.cuda  # whose functions have no types
    kernels = {
        "cudnn": cuda.cudnn_sdp_enabled,
        "efficient": cuda.mem_efficient_sdp_enabled,
        "flash": cuda.flash_sdp_enabled,
        "math": cuda.math_sdp_enabled,
    }
    return {
        "cublas_workspace": os.environ.get("CUBLAS_WORKSPACE_CONFIG", "none"),
        "cudnn_benchmark": str(convolutions.benchmark),
        "deterministic_algorithms": str(torch.are_deterministic_algorithms_enabled()),
        "matmul_precision": torch.get_float32_matmul_precision(),
        "reduced_bf16_sums": str(products.allow_bf16_reduced_precision_reduction),
        "reduced_fp16_sums": str(products.allow_fp16_reduced_precision_reduction),
        "sdp_kernels": "+".join(sorted(name for name, allowed in kernels.items() if allowed())),
        "tf32": str(products.allow_tf32 or convolutions.allow_tf32),
        "threads": str(torch.get_num_threads()),
    }


def apply_determinism() -> None:
    """Let torch compute the same bits every time, and float32 as float32."""
    torch.set_deterministic_debug_mode("error")  # without a compiler's imports, which the other way of saying it costs
    torch.set_float32_matmul_precision("highest")
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # nothing here reads memory that it has not written
    torch.backends.cudnn.benchmark = False
    torch.backends.cuda.enable_cudnn_sdp(
        enabled=False
    )  # attention gets the kernels that `numerics` names, and no other
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
    torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False


def _refuse_other_attention(model: PreTrainedModel, name: str) -> None:
    found = str(model.config._attn_implementation)
    if found not in ATTENTIONS:
        raise ModelError(
            f"{name}: was loaded with the attention {found!r}; probe reads with {' or '.join(ATTENTIONS)}. "
            "Remove what asks for it from config.json."
        )


def _refuse_weights_elsewhere(folder: Path, config: PretrainedConfig, name: str) -> None:
    """Refuse what is loaded and not hashed: weights outside of the folder."""
    chosen = getattr(config, "transformers_weights", None)
    found = chosen if isinstance(chosen, str) and Path(chosen).name != chosen else foreign_weights(folder)
    if found is not None:
        raise ModelError(
            f"{name}: its files name the weights {found!r}, which are no safetensors in the model's own folder. Put "
            "all weights there, and mend config.json or the index of shards."
        )
