"""The tensors of a checkpoint with its packed weights expanded, each when it is asked for and not before."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from safetensors import safe_open

from probe.engine.compressed import CompressedSchemes
from probe.engine.packed_weights import expand_awq, expand_gptq
from probe.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from torch import Tensor

    from probe.engine.stored import Stored

__all__ = ["Unread", "expanded_names", "stored_bytes", "unread_tensors"]

_MARKS = {"gptq": (".qweight",), "awq": (".qweight",), "compressed-tensors": (".weight_packed", ".weight_scale")}
"""Endings by which a tensor says that its module is packed."""

_OF_ACTIVATIONS = (".k_scale", ".v_scale", ".input_scale", ".output_scale", ".input_zero_point", ".input_global_scale")
"""Endings of what rounds activations or a cache, which weights that are expanded do without."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A tensor that is read when it is indexed, as transformers does with those of safetensors."""

    read: Callable[[], Tensor]

    def __getitem__(self, _: object) -> Tensor:
        return self.read()


def expanded_names(names: Collection[str], method: str) -> dict[str, list[str]]:
    """What the tensors of a file are called after expansion, each with the names of what it is made from.

    Args:
        names: Of the tensors as they are stored.
        method: ``gptq``, ``awq`` or ``compressed-tensors``.
    """
    marks = _MARKS[method]
    packed = {name.removesuffix(mark) for mark in marks for name in names if name.endswith(mark)}
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        module, _, own = name.rpartition(".")
        if module in packed and own != "bias" and not name.endswith(_OF_ACTIVATIONS):
            found[f"{module}.weight"].append(name)
        elif not name.endswith(_OF_ACTIVATIONS):
            found[name].append(name)
    return dict(found)


def unread_tensors(folder: Path, stored: Stored, wanted: Collection[str], name: str) -> dict[str, Unread]:
    """Every tensor of a folder's safetensors under the name that it has without quantisation.

    A bias of zeros that packers write for layers without one is left out.

    Args:
        folder: A model's folder.
        stored: What its config says; one of those that `Stored.is_expanded_by_probe`.
        wanted: Names of the model's own tensors.
        name: How errors call the model.

    Raises:
        ModelError: A packed weight is not whole.
    """
    files = {key: path for path in _weight_files(folder) for key in _keys(path)}
    expand = _expander(stored, name)
    known = set(map(_in_layers, wanted))
    found = {}
    for key, parts in expanded_names(files, stored.method).items():
        where = {part: files[part] for part in parts}
        if parts != [key]:
            found[key] = Unread(_expanding(expand, key.removesuffix(".weight"), where))
        elif not (_is_bias_of_packed(key, files) and _in_layers(key) not in known and _is_zero(where[key], key)):
            found[key] = Unread(_reading(where[key], key))
    return found


def stored_bytes(folder: Path, size: int, name: str) -> tuple[int, int]:
    """What a checkpoint of bitsandbytes takes in memory, and how many bytes of that are codes.

    Args:
        folder: A model's folder.
        size: Bytes of a weight that is not quantised.
        name: How errors call the model.

    Raises:
        ModelError: A file is not there or damaged.
    """
    try:
        files = _weight_files(folder)
        about = {key: value for path in files for key, value in _shapes(path).items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{name}: the headers of its weights cannot be read ({type(error).__name__}: {str(error)[:200]}). Get the "
            "complete folder again."
        ) from error
    codes = {key.removesuffix(".absmax") for key in about if key.endswith(".weight.absmax")}
    codes |= {f"{key.removesuffix('.SCB')}.weight" for key in about if key.endswith(".SCB")}
    total = packed = 0
    for key, (width, count) in about.items():
        if ".weight.quant_state." in key or key.endswith(".weight_format"):
            continue
        beside = key.endswith((".absmax", "_absmax", ".quant_map", "_quant_map", ".SCB"))
        total += count * (width if beside or key in codes else size)
        total += 4 * key.endswith(".nested_absmax")  # a mean, which stands in the state
        packed += count * width if key in codes else 0
    return total, packed


def _weight_files(folder: Path) -> list[Path]:
    """Those that transformers would load, else the only one there is, as packers name it after their settings."""
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        shards = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        return [folder / shard for shard in sorted(shards)]
    every = sorted(folder.glob("*.safetensors"))
    return every if len(every) == 1 else [folder / "model.safetensors"]


def _is_bias_of_packed(key: str, files: Mapping[str, Path]) -> bool:
    return key.endswith(".bias") and f"{key.removesuffix('.bias')}.qweight" in files


def _in_layers(key: str) -> str:
    """A name from its layer on, since wrappers have called what holds the layers by several names."""
    return key.rpartition("layers.")[2]


def _is_zero(path: Path, key: str) -> bool:
    return not _tensor(path, key).any()


def _reading(path: Path, key: str) -> Callable[[], Tensor]:
    return lambda: _tensor(path, key)


def _expanding(
    expand: Callable[[str, dict[str, Tensor]], Tensor], module: str, where: Mapping[str, Path]
) -> Callable[[], Tensor]:
    def read() -> Tensor:
        return expand(module, {key.removeprefix(f"{module}."): _tensor(path, key) for key, path in where.items()})

    return read


def _expander(stored: Stored, name: str) -> Callable[[str, dict[str, Tensor]], Tensor]:
    if stored.method == "compressed-tensors":
        return CompressedSchemes(stored).expand
    second, size = stored.layout == "gptq_v2", int(stored.settings.get("group_size") or -1)

    def expand(module: str, parts: dict[str, Tensor]) -> Tensor:
        absent = sorted({"qweight", "qzeros", "scales"} - set(parts))
        if absent:
            raise ModelError(f"{name}: {module} has no {absent[0]}, so its packed weight is not whole.")
        triple = parts["qweight"], parts["qzeros"], parts["scales"]
        if {one.dtype for one in triple[:2]} != {torch.int32}:
            raise ModelError(f"{name}: {module} packs its codes into {triple[0].dtype}, not into integers of 32 bits.")
        if stored.method == "awq":
            return expand_awq(*triple)
        return expand_gptq(*triple, parts.get("g_idx"), group_size=size, second_version=second)

    return expand


def _keys(path: Path) -> list[str]:
    with safe_open(path, framework="pt") as file:
        return list(file.keys())


def _shapes(path: Path) -> dict[str, tuple[int, int]]:
    """Bytes of a number and count of them, by tensor, from the header alone."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > path.stat().st_size:
            raise ValueError("it ends within its header")
        header = json.loads(file.read(length))
    found = {}
    for key, about in header.items():
        if key != "__metadata__":
            first, last = about["data_offsets"]
            count = math.prod(about["shape"])
            found[key] = ((last - first) // max(1, count), count)
    return found


def _tensor(path: Path, key: str) -> Tensor:
    with safe_open(path, framework="pt") as file:
        tensor: Tensor = file.get_tensor(key)
        return tensor
