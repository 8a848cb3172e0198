"""What an adapter's config says: its kind, its base, and whether it is a LoRA that can be merged into one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from probe.engine.hub import is_read
from probe.errors import EnvironmentFault, ModelError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ADAPTER_CONFIG", "ADAPTER_WEIGHTS", "AdapterConfig", "is_adapter", "read_adapter", "require_peft"]

ADAPTER_CONFIG, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"

MERGE = (
    "Merge it with peft (`AutoPeftModelForCausalLM.from_pretrained(FOLDER).merge_and_unload().save_pretrained(NEW)`), "
    "save the tokenizer there too, and give the new folder."
)

_MERGED = frozenset(
    {"r", "lora_alpha", "rank_pattern", "alpha_pattern", "use_rslora", "use_dora", "fan_in_fan_out"}
    | {"target_modules", "exclude_modules", "layers_to_transform", "layers_pattern"}
)
"""Entries that say what is added to which weights; peft applies them."""

_ABOUT = frozenset(
    {"peft_type", "task_type", "base_model_name_or_path", "revision", "auto_mapping", "peft_version", "inference_mode"}
    | {"bias", "init_lora_weights", "lora_dropout", "runtime_config", "megatron_core", "qalora_group_size"}
    | {"ensure_weight_tying", "eva_config", "loftq_config", "corda_config", "lora_ga_config"}
)
"""Entries that are looked at by themselves, or that only a training uses. Any other must say nothing."""

_STARTS = (True, False, None, "gaussian", "orthogonal", "eva")
"""Ways to begin a training that leave the base's own weights alone."""

_BEFORE_THE_PROMPT = frozenset(
    {"PROMPT_TUNING", "P_TUNING", "PREFIX_TUNING", "MULTITASK_PROMPT_TUNING", "ADAPTION_PROMPT", "CPT", "CARTRIDGE"}
)


@dataclass(frozen=True, slots=True)
class AdapterConfig:
    """A LoRA that can be merged.

    Attributes:
        rank: Its rank, before exceptions for single modules.
        alpha: Its scale's numerator.
        base: Where its config says that the base lies: a folder or a hub id; empty if nowhere.
        revision: Of the base on the hub, or None.
    """

    rank: int
    alpha: float
    base: str
    revision: str | None


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter and no weights of its own."""
    own = (path.name for path in folder.glob("*.safetensors") if not path.name.startswith("adapter_model"))
    return (folder / ADAPTER_CONFIG).is_file() and not any(map(is_read, own))


def require_peft(name: str) -> None:
    """Refuse to go on without the extra.

    Raises:
        EnvironmentFault: The package `peft` is not installed.
    """
    try:
        import peft  # noqa: F401, PLC0415  an extra
    except ImportError as error:
        raise EnvironmentFault(
            f"{name}: is an adapter, and peft is not installed. Run: pip install 'probe[adapter]'"
        ) from error


def read_adapter(folder: Path, name: str) -> AdapterConfig:
    """What an adapter says of itself.

    Raises:
        ModelError: It is damaged, no LoRA, or one that cannot be merged right.
    """
    try:
        said: dict[str, Any] = dict(json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8")))
        config = AdapterConfig(
            int(said.get("r", 8)),
            float(said.get("lora_alpha", 8)),
            str(said.get("base_model_name_or_path") or ""),
            said.get("revision") or None,
        )
        if not isinstance(config.revision, str | None):
            raise TypeError("revision is no text")  # noqa: TRY301  told like any other damage
    except (OSError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise ModelError(f"{name}: {ADAPTER_CONFIG} is damaged ({str(error)[:120]}). Get it again.") from error
    _refuse_kind(said, name)
    _refuse_entries(said, name)
    if not (folder / ADAPTER_WEIGHTS).is_file():
        raise ModelError(
            f"{name}: the folder holds an adapter ({ADAPTER_CONFIG}) without {ADAPTER_WEIGHTS}. Get that file too; "
            "pickles (*.bin) are never opened, since they can run code."
        )
    return config


def _refuse_kind(said: dict[str, Any], name: str) -> None:
    kind, task = str(said.get("peft_type", "nothing")).upper(), said.get("task_type")
    if kind in _BEFORE_THE_PROMPT:
        raise ModelError(
            f"{name}: its adapter is of the kind {kind}, which puts trained vectors among the prompt's tokens and "
            "cannot be merged into weights. probe reads LoRA: give one, or the base model."
        )
    if kind != "LORA":
        raise ModelError(f"{name}: its adapter is of the kind {kind}, and probe merges LoRA. {MERGE}")
    if task not in (None, "CAUSAL_LM"):
        raise ModelError(
            f"{name}: its adapter was trained for {task}, so it is no language model's. Give an adapter of the model "
            "that writes."
        )


def _refuse_entries(said: dict[str, Any], name: str) -> None:
    asked = [key for key, value in said.items() if value and key not in _MERGED | _ABOUT]
    if said.get("bias", "none") not in ("none", None):
        asked.append(f"bias: {said['bias']}")
    if said.get("init_lora_weights") not in _STARTS:
        asked.append(f"init_lora_weights: {said['init_lora_weights']}")
    if asked:
        raise ModelError(
            f"{name}: its {ADAPTER_CONFIG} asks for {asked[0]}, which changes more than LoRA's products do, and probe "
            f"does not merge it. {MERGE}"
        )
