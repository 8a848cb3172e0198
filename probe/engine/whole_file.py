"""Every tensor of the files against what the model's class takes, by name and shape, before and after loading."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import torch

from probe.engine.adapter import adapter_facts
from probe.engine.gguf import gguf_formats
from probe.engine.merge_adapter import refuse_other_adapter
from probe.engine.meta_model import build_skeleton, read_config
from probe.engine.stored_tensors import read_headers, weight_files
from probe.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from transformers import PretrainedConfig

    from probe.engine.stored_tensors import StoredTensor

__all__ = ["refuse_differences", "refuse_other_tensors"]

_DTYPES = {
    **{"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16},
    **{"F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2, "U8": torch.uint8, "I8": torch.int8},
    **{"I16": torch.int16, "I32": torch.int32, "I64": torch.int64, "BOOL": torch.bool},
}

_UNUSED = {
    re.compile(rf"(?:^|\.)(?:{parts})(?=\.|$)"): re.compile(keys)
    for parts, keys in (
        (r"visual|vision_\w+|vision|image_\w+|multi_modal_projector|mm_projector", "vision|visual|image"),
        (r"audio_\w+|audio|multi_modal_projector", "audio|speech|sound"),
        ("talker|token2wav", "talker|token2wav"),
        (r"mtp\w*|nextn\w*|eagle\w*|medusa\w*", "mtp|nextn|eagle|medusa"),
    )
}
"""Parts of a name by which a tower for other inputs, or a head that predicts further tokens, is known, each with what
keys of a config that has one hold."""

_LAYER = re.compile(r"(?:^|\.)(?:layers|h|blocks)\.(\d+)\.")
_LORA = re.compile(r"\.lora_|\.base_layer\.|\.modules_to_save\.|^base_model\.model\.")
_SCALES = re.compile(
    r"(?:_scale_inv|_scale|\.scales|\.qweight|\.qzeros|\.g_idx|\.absmax|\.SCB|_blocks|_scales"
    r"|\.weight_packed|\.weight_shape|\.quant_map|\.quant_state\.\w+)$"
)
_SCORE = re.compile(r"(?:^|\.)(?:score|v_head|value_head|reward_head|classifier|classification_head|regression_head)\.")


def refuse_other_tensors(folder: Path, name: str) -> bool:
    """Hold the headers of a folder's safetensors against the class that would read them.

    transformers' own loader is given tensors without memory, so that every renaming and merge of weights is its own.
    Weights that are stored quantised, and those of a GGUF file, are left to `refuse_differences` after loading.

    Returns:
        Whether this may be remembered: not where the class could not be built just now.

    Raises:
        ModelError: Tensors that would be dropped, or that the files lack.
    """
    config = read_config(folder, name)
    if _is_quantised(config) or gguf_formats(folder) is not None:
        return True
    stored = {key: one for path in weight_files(folder) for key, one in read_headers(path).items()}
    try:
        info = _loading_info(config, stored)
    except Exception:  # noqa: BLE001  what cannot be built without memory is told by the loading itself
        return False
    refuse_differences(info, stored, config, name)
    if adapter_facts(folder):
        refuse_other_adapter(folder, config, name)
    return True


def refuse_differences(
    info: Mapping[str, Any], stored: Mapping[str, StoredTensor], config: PretrainedConfig, name: str
) -> None:
    """Refuse what transformers dropped, or would make up at random.

    Args:
        info: The loading info of transformers.
        stored: The tensors of the files; may be empty where nobody asks for causes.
        config: Of the model.
        name: How the study calls it.

    Raises:
        ModelError: With the first tensor's name, how many there are, and the likely cause.
    """
    dropped = sorted(key for key in info.get("unexpected_keys", ()) if not _is_unused(key, config))
    missing = sorted(info.get("missing_keys", ()))
    misshapen = sorted(str(key) for key, *_ in info.get("mismatched_keys", ()))
    prefix = _common_prefix(dropped, missing)
    if prefix:
        raise ModelError(
            f"{name}: the names of its tensors carry the prefix {prefix}, which its class does not know, as "
            "training code leaves it. Save the model without the wrapper, or take the prefix from the names."
        )
    if dropped:
        raise ModelError(
            f"{name}: {_named(dropped)} and would be dropped without a word. {_cause(dropped, stored, config)}"
        )
    if missing and all(key in {"lm_head.weight", "embed_out.weight", "output.weight"} for key in missing):
        raise ModelError(
            f"{name}: 1 weights are missing or misshapen in the files, the first is {missing[0]}; they would have been "
            "made up at random. If the model's output projection is its embedding, set tie_word_embeddings: true in "
            "config.json, else get the complete folder."
        )
    absent = missing + misshapen
    if absent:
        raise ModelError(
            f"{name}: {len(absent)} weights are missing or misshapen in the files, the first is {absent[0]}; they "
            "would have been made up at random. Get the complete folder, or one that fits its config.json."
        )


def _loading_info(config: PretrainedConfig, stored: Mapping[str, StoredTensor]) -> Mapping[str, Any]:
    """What transformers' own loader says of tensors of these names, shapes and dtypes, without memory for any."""
    from transformers.utils import logging  # noqa: PLC0415

    empty = {key: torch.empty(one.shape, dtype=_DTYPES[one.dtype], device="meta") for key, one in stored.items()}
    before = logging.get_verbosity()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        kind: Any = type(build_skeleton(config))
        _, info = kind.from_pretrained(
            None,
            config=config,
            state_dict=empty,
            device_map={"": "meta"},
            dtype="auto",
            output_loading_info=True,
            ignore_mismatched_sizes=True,
        )
    finally:
        logging.set_verbosity(before)
    found: Mapping[str, Any] = info
    return found


def _is_quantised(config: PretrainedConfig) -> bool:
    text = config.get_text_config()
    return any(getattr(one, "quantization_config", None) is not None for one in (config, text))


def _is_unused(key: str, config: PretrainedConfig) -> bool:
    """Whether a tensor is of a tower for other inputs, or of a head for further tokens, that the config names."""
    said = " ".join(_keys(config.to_dict()))
    if any(part.search(key) and reported.search(said) for part, reported in _UNUSED.items()):
        return True
    text = config.get_text_config()
    further = getattr(text, "num_nextn_predict_layers", None) or getattr(text, "mtp_num_hidden_layers", None) or 0
    layers, layer = getattr(text, "num_hidden_layers", None), _LAYER.search(key)
    return layer is not None and layers is not None and layers <= int(layer[1]) < layers + further


def _keys(content: object) -> Iterator[str]:
    """Keys of a config under which something stands, nested configs included."""
    if isinstance(content, dict):
        for key, value in content.items():
            if value:
                yield str(key)
                yield from _keys(value)


def _named(dropped: list[str]) -> str:
    if len(dropped) == 1:
        return f"the files hold the tensor {dropped[0]}, which its class does not take,"
    return f"the files hold {len(dropped)} tensors that its class does not take ({', '.join(dropped[:3])} ...),"


def _cause(dropped: list[str], stored: Mapping[str, StoredTensor], config: PretrainedConfig) -> str:
    """The likely cause of tensors that are not taken, and what to do."""
    layers = getattr(config.get_text_config(), "num_hidden_layers", None)
    numbers = [int(found[1]) for key in dropped if (found := _LAYER.search(key))]
    if any(_LORA.search(key) for key in dropped):
        return "They are of a LoRA adapter that was not merged: merge it with peft (merge_and_unload) and save again."
    if any(_SCALES.search(key) for key in dropped) or any(one.dtype.startswith("F8") for one in stored.values()):
        return (
            "They are scales of quantised weights, and config.json has no quantization_config that says so: put the "
            "original quantization_config back."
        )
    if any(_SCORE.search(key) for key in dropped):
        head = next(key for key in dropped if _SCORE.search(key))
        return f"It is a reward model, no language model: {head}. Give the model that writes."
    if layers is not None and numbers and max(numbers) >= layers:
        held = max(numbers) + 1
        return f"The files hold {held} layers, and config.json says num_hidden_layers: {layers}. Mend the config."
    if all(key.endswith("bias") for key in dropped):
        return (
            "They are biases that config.json denies (as attention_bias: false or mlp_bias: false does): set it to "
            "true, or give the config that the model was trained with."
        )
    return "The config.json is another model's or architecture's: give the one that the weights were saved with."


def _common_prefix(dropped: list[str], missing: list[str]) -> str:
    """What stands before every name that is not taken, where the rest of them is what is missing."""
    parts = dropped[0].split(".") if dropped and missing else []
    for end in range(1, len(parts)):
        prefix = ".".join(parts[:end]) + "."
        rest = {key.removeprefix(prefix) for key in dropped}
        if all(key.startswith(prefix) for key in dropped) and sum(key in rest for key in missing) * 2 > len(missing):
            return prefix
    return ""
