"""What is found out about a model without its weights, remembered: to build one costs seconds of imports each time."""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

from probe.engine.estimates import FlopRate, Memory
from probe.store.cache import open_cache
from probe.store.versions import READ_WITH, READING, library_version, source_sha256

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from probe.engine.precision import Precision

__all__ = ["code_key", "files_key", "flop_rate_of", "memory_of", "refuse_hidden_layers", "refuse_tensors"]

_T = TypeVar("_T", Memory, FlopRate)

_INSIDE = (".", "adapter")
"""Where a model's folder holds configs and weights: itself, and that of an adapter to be merged."""


def refuse_tensors(folder: Path, name: str) -> None:
    """`probe.engine.whole_file.refuse_other_tensors`, of the same files and versions once.

    Raises:
        ModelError: Tensors that would be dropped, or that the files lack; never remembered.
    """
    notes, key = open_cache().notes("unloaded"), f"whole/{files_key(folder)}"
    if notes.get(key) is None:
        from probe.engine.whole_file import refuse_other_tensors  # noqa: PLC0415  seconds, which only this needs

        if refuse_other_tensors(folder, name):
            notes.put(key, "whole")


def refuse_hidden_layers(folder: Path, name: str) -> None:
    """`probe.engine.lens.lens_of`, of the same files and versions once.

    Raises:
        ModelError: Its layers cannot be read; never remembered.
    """
    notes, key = open_cache().notes("unloaded"), f"lens/{files_key(folder)}"
    if notes.get(key) is None:
        from probe.engine.lens import lens_of  # noqa: PLC0415  seconds, which only this needs
        from probe.engine.meta_model import read_config, skeleton_of  # noqa: PLC0415

        lens = lens_of(skeleton_of(read_config(folder, name), name), name)
        notes.put(key, str(len(lens.layers)))


def memory_of(folder: Path, name: str, precision: Precision) -> Memory:
    """`probe.engine.memory.estimate_memory`, of the same files and versions once.

    Raises:
        ModelError: transformers does not know the architecture.
    """

    def find() -> Memory:
        from probe.engine.memory import estimate_memory  # noqa: PLC0415  seconds, which only this needs

        return estimate_memory(folder, name, precision)

    return _once(f"memory/{json.dumps(asdict(precision), sort_keys=True)}/{files_key(folder)}", Memory, find)


def flop_rate_of(folder: Path, name: str) -> FlopRate:
    """`probe.engine.flops.flop_rate`, of the same files and versions once.

    Raises:
        ModelError: transformers does not know the architecture.
    """

    def find() -> FlopRate:
        from probe.engine.flops import flop_rate  # noqa: PLC0415  seconds, which only this needs

        return flop_rate(folder, name)

    return _once(f"flops/{files_key(folder)}", FlopRate, find)


def files_key(folder: Path) -> str:
    """Hash of all that these findings depend on: configs, headers of weights, versions of libraries, and this code.

    No weights are read, so another folder of the same shape has the same key.
    """
    digest = hashlib.sha256(code_key().encode())
    for inside in _INSIDE:
        for path in sorted((folder / inside).glob("*")):
            content = _content(path)
            if content is not None:
                digest.update(f"\0{inside}/{path.name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


@functools.cache
def code_key() -> str:
    """Hash of the versions of libraries and of this code, as far as findings depend on them."""
    versions = [library_version(one) for one in (*READ_WITH, "tokenizers", "sentencepiece", "safetensors", "peft")]
    return hashlib.sha256(json.dumps([*versions, source_sha256(READING)]).encode()).hexdigest()


def _content(path: Path) -> bytes | None:
    """A config whole; of weights their size and their header, which says names, shapes and dtypes."""
    if path.suffix == ".json" and not path.name.startswith("tokenizer"):
        return path.read_bytes()
    if path.suffix != ".safetensors":
        return None
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        return f"{size} {length}\0".encode() + file.read(min(length, size))


def _once(key: str, kind: type[_T], find: Callable[[], _T]) -> _T:
    notes = open_cache().notes("unloaded")
    try:
        return kind(**json.loads(notes.get(key) or ""))
    except (ValueError, TypeError, RecursionError):  # nothing there, or of another version
        found = find()
    notes.put(key, json.dumps(asdict(found)))
    return found
