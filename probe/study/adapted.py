"""From an adapter's folder to its base, and to one folder that stands for both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from probe.design.models import ModelSpec, resolve_model
from probe.engine.adapter import adapter_facts, prepare_adapter
from probe.engine.adapter_config import is_adapter, read_adapter
from probe.engine.gguf import gguf_formats
from probe.errors import InputError, ModelError
from probe.store.cache import open_cache
from probe.store.disk import reported
from probe.store.shards import CACHE_REMEDY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from probe.engine.snapshot import Snapshot

__all__ = ["adapter_snapshot", "base_of", "refuse_base_of_none"]


def base_of(folder: Path, name: str) -> ModelSpec:
    """The base that an adapter's config names: a folder, as it is or beside the adapter's own files, or a hub id.

    Raises:
        ModelError: It names none, or one that is not there.
    """
    said = read_adapter(folder, name)
    for candidate in (folder / said.base, Path(said.base)):
        if said.base and candidate.is_dir():
            return ModelSpec(candidate.resolve().name, candidate, None, None)
    try:
        return replace(resolve_model(said.base, {}), revision=said.revision)
    except ModelError as error:
        raise ModelError(
            f"{name}: its adapter_config.json names the base {said.base!r}, which is no folder here and no hub id. "
            "Give the base with --base."
        ) from error


def adapter_snapshot(folder: Path, name: str, base: Snapshot, base_name: str) -> Snapshot:
    """The folder made for an adapter and its base.

    Raises:
        ModelError: The two are not read as one model.
        EnvironmentFault: A library is not installed, or the cache cannot be written.
    """
    if gguf_formats(base.folder) is not None or adapter_facts(base.folder):
        raise ModelError(
            f"{name}: its base {base_name} is a GGUF file or an adapter itself, and a LoRA is merged into a folder "
            "with safetensors. Give that with --base."
        )
    cache = open_cache()
    with reported("the cache", CACHE_REMEDY):
        return prepare_adapter(folder, base, base_name, name, cache.root / "adapters", known=cache.notes("weights"))


def refuse_base_of_none(base: str | None, specs: Sequence[ModelSpec]) -> None:
    """Refuse a base where no model is an adapter.

    Raises:
        InputError: None is.
    """
    if base is not None and not any(isinstance(one.source, Path) and is_adapter(one.source) for one in specs):
        raise InputError("--base: is the model that an adapter is merged into, and no adapter was named. Leave it out.")
