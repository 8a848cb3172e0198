"""What the headers of a folder's safetensors say: names, shapes and dtypes of its tensors. Reads no weights."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from probe.engine.hub import is_read, named_shards

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["StoredTensor", "read_headers", "weight_files"]


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor as a header describes it.

    Attributes:
        dtype: The format's own name, such as ``BF16``.
        shape: Its sizes.
    """

    dtype: str
    shape: tuple[int, ...]


def weight_files(folder: Path) -> list[Path]:
    """The files that transformers would read: ``model.safetensors``, or the shards that the index names."""
    whole, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if whole.is_file():
        return [whole]
    if index.is_file():
        return [folder / shard for shard in sorted(named_shards(index) or ())]
    return sorted(path for path in folder.glob("*.safetensors") if is_read(path.name))


def read_headers(path: Path) -> dict[str, StoredTensor]:
    """Tensors of one file by name.

    Raises:
        ValueError: The file is no safetensors file, or is cut short.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > size - 8:
            raise ValueError("its header is cut short")
        header = json.loads(file.read(length))
    try:
        tensors = {name: value for name, value in header.items() if name != "__metadata__"}
        end = max((one["data_offsets"][1] for one in tensors.values()), default=0)
        found = {name: StoredTensor(str(one["dtype"]), tuple(one["shape"])) for name, one in tensors.items()}
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError("its header is damaged") from error
    if not all(isinstance(number, int) for number in (end, *(n for one in found.values() for n in one.shape))):
        raise ValueError("its header is damaged")
    if 8 + length + end > size:
        raise ValueError(f"it has {size} bytes and its header promises {8 + length + end}")
    return found
