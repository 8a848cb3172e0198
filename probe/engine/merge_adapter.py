"""LoRA merged into its base: each product and sum in float64, rounded once to float32."""

from __future__ import annotations

import contextlib
import warnings
from typing import TYPE_CHECKING, Any

import torch

from probe.engine.adapter import ADAPTER
from probe.engine.adapter_config import ADAPTER_WEIGHTS
from probe.engine.meta_model import auto_class, build_skeleton
from probe.engine.placement import free_memory
from probe.engine.stored_tensors import read_headers
from probe.errors import EnvironmentFault, ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from transformers import PretrainedConfig

__all__ = ["merged_weights", "refuse_other_adapter"]


def refuse_other_adapter(folder: Path, config: PretrainedConfig, name: str) -> None:
    """Hold the headers of an adapter against what its config would make of its base, by name and shape.

    Args:
        folder: From `probe.engine.adapter.prepare_adapter`.
        config: Of the base.
        name: How the study calls the model.

    Raises:
        ModelError: Tensors that would be dropped or made up, or a base whose projection is its embedding.
    """
    try:
        held = read_headers(folder / ADAPTER / ADAPTER_WEIGHTS)
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise ModelError(
            f"{name}: {ADAPTER_WEIGHTS} is not a whole safetensors file ({str(error)[:120]}): the download or the copy "
            "was cut short. Get the file again."
        ) from error
    taken = _taken(folder, config, name)
    begun = {_module(key) for key in held}  # a module of which nothing is there was left alone by the training
    lacking = {key for key in taken if key not in held and _module(key) in begun}
    strange = sorted({*held} - {*taken} | lacking) or sorted(key for key in held if held[key].shape != taken[key])
    if held and not strange:
        return
    if not held:
        raise ModelError(f"{name}: {ADAPTER_WEIGHTS} holds no tensors. Get the file that the training saved.")
    first = strange[0]
    found = f"its tensor {first} has the shape {held[first].shape}" if first in held else f"it lacks {first}"
    wanted = f"the base takes {taken[first]}" if first in held and first in taken else "the base does not take it"
    raise ModelError(
        f"{name}: the adapter does not fit its base and config: {found}"
        f"{f', and {wanted}' if first in held else ''} ({len(strange)} such tensors). Give the base that it was "
        "trained on with --base, or the adapter_config.json that it was saved with."
    )


def merged_weights(folder: Path, config: PretrainedConfig, name: str) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Every weight of the base in float32, those that the adapter changes with its products added.

    Returns:
        The weights by name, and the loading info of the base's files.

    Raises:
        EnvironmentFault: The base in float32 does not fit into main memory.
    """
    from peft import PeftConfig, PeftModel  # noqa: PLC0415  an extra
    from peft.tuners.tuners_utils import BaseTunerLayer  # noqa: PLC0415

    _refuse_without_memory(config, name)
    load: Any = auto_class(config).from_pretrained
    base, info = load(
        str(folder),
        config=config,
        dtype=torch.float32,
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
        output_loading_info=True,
        ignore_mismatched_sizes=True,  # refused later, by name
    )
    with _quiet():
        said: Any = PeftConfig.from_pretrained(str(folder / ADAPTER))
        said.init_lora_weights = True  # adds nothing to a module of which the file holds nothing
        adapted: Any = PeftModel.from_pretrained(base, str(folder / ADAPTER), config=said, torch_device="cpu")
        layers: list[Any] = [one for one in adapted.modules() if isinstance(one, BaseTunerLayer)]
        for layer in layers:
            layer.double()
            layer.merge(safe_merge=True)
            layer.float()
        merged = adapted.unload()
    return _once(merged.state_dict()), info


def _taken(folder: Path, config: PretrainedConfig, name: str) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors that peft makes of an adapter's config, without memory for any."""
    from peft import PeftConfig, get_peft_model, get_peft_model_state_dict  # noqa: PLC0415  an extra
    from peft.tuners.tuners_utils import BaseTunerLayer  # noqa: PLC0415

    skeleton: Any = build_skeleton(config)
    ends = {"embedding": skeleton.get_input_embeddings, "output projection": skeleton.get_output_embeddings}
    try:
        with _quiet(), torch.device("meta"):
            adapted: Any = get_peft_model(
                skeleton, PeftConfig.from_pretrained(str(folder / ADAPTER)), low_cpu_mem_usage=True
            )
            made = get_peft_model_state_dict(adapted, save_embedding_layers=False)
    except Exception as error:
        raise ModelError(
            f"{name}: its adapter cannot be put on its base ({type(error).__name__}: {str(error).strip()[:200]}). Give "
            "the base that it was trained on with --base."
        ) from error
    for what, find in ends.items():
        if config.get_text_config().tie_word_embeddings and isinstance(find(), BaseTunerLayer):
            raise ModelError(
                f"{name}: its adapter changes the {what}, which its base shares with the other end of the model; "
                "merged, it would change both. Save the base with tie_word_embeddings: false and a lm_head.weight of "
                "its own, and give that with --base."
            )
    return {key: tuple(tensor.shape) for key, tensor in made.items()}


def _module(key: str) -> str:
    """The module that a tensor of a LoRA belongs to."""
    return key.partition(".lora_")[0]


def _refuse_without_memory(config: PretrainedConfig, name: str) -> None:
    needed = 4 * sum(parameter.numel() for parameter in build_skeleton(config).parameters())
    free = free_memory("cpu")
    if needed > free:
        raise EnvironmentFault(
            f"{name}: merging its adapter needs the base in float32, {needed / 2**30:.1f} GiB of main memory, of which "
            f"{free / 2**30:.1f} are free. Merge it with peft on a larger machine, and give the merged folder."
        )


def _once(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Each weight under the first of its names, as files have it."""
    seen: set[tuple[int, torch.Size]] = set()
    found = {}
    for key, weight in weights.items():
        memory = (weight.data_ptr(), weight.shape)
        if memory not in seen:
            seen.add(memory)
            found[key] = weight
    return found


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without peft's warnings: what they tell of has been refused, or does not move a number."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
