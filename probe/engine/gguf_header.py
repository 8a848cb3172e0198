"""What a GGUF file says before its weights: its metadata and where its tensors lie, every length checked."""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from probe.errors import EnvironmentFault, ModelError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["GgufHeader", "Value", "read_header", "require_gguf"]

Value = int | float | bool | str | list["Value"]

_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_VERSIONS = (2, 3)
_ALIGNMENT = 32


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """A GGUF file without its weights.

    Attributes:
        metadata: Values by key, such as ``general.architecture``.
        tensors: For each tensor the name of the format of its blocks, such as ``Q4_1``.

    References:
        The format's specification, ``docs/gguf.md`` of ggml.
    """

    metadata: dict[str, Value]
    tensors: dict[str, str]

    @property
    def architecture(self) -> str:
        """What llama.cpp calls the architecture."""
        return str(self.metadata.get("general.architecture", "unknown"))

    @property
    def formats(self) -> str:
        """Formats of the blocks, joined by ``+``."""
        return "+".join(sorted(set(self.tensors.values())))


def require_gguf(name: str) -> None:
    """Refuse to go on without the extra.

    Raises:
        EnvironmentFault: The package `gguf` is not installed.
    """
    try:
        import gguf  # noqa: F401, PLC0415  an extra
    except ImportError as error:
        raise EnvironmentFault(
            f"{name}: is a GGUF file, and gguf is not installed. Run: pip install 'probe[gguf]'"
        ) from error


def read_header(path: Path, name: str) -> GgufHeader:
    """Metadata and table of tensors of a file that holds all of its tensors.

    Raises:
        ModelError: It is no GGUF file, or ends before its last tensor does.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            header, end = _parse(_Cursor(data))
            size = len(data)
    except (OSError, ValueError, struct.error, MemoryError, OverflowError, RecursionError) as error:
        reason = str(error) if isinstance(error, _NotGgufError) else "it ends or breaks off within its header"
        raise _not_whole(path, name, reason) from error
    if end > size:
        raise _not_whole(path, name, f"{size} of {end} bytes are there")
    return header


class _NotGgufError(ValueError):
    """What the bytes are instead."""


@dataclass(slots=True)
class _Cursor:
    data: mmap.mmap
    at: int = 0

    def take(self, form: str) -> tuple[Any, ...]:
        found = struct.unpack_from(f"<{form}", self.data, self.at)
        self.at += struct.calcsize(f"<{form}")
        return found

    def text(self) -> str:
        (length,) = self.take("Q")
        if length > len(self.data) - self.at:
            raise ValueError
        self.at += length
        return self.data[self.at - length : self.at].decode("utf-8", "surrogateescape")


def _parse(cursor: _Cursor) -> tuple[GgufHeader, int]:
    """The header, and how long the file must be."""
    if cursor.data[:4] != b"GGUF":
        raise _NotGgufError("it does not start with the four letters GGUF")
    cursor.at = 4
    (version,) = cursor.take("I")
    if version not in _VERSIONS:
        raise _NotGgufError(f"version {version} of the format is not one of {_VERSIONS}")
    tensors, entries = cursor.take("QQ")
    metadata = {}
    for _ in range(entries):
        key = cursor.text()
        metadata[key] = _value(cursor, *cursor.take("I"))
    table = [_tensor(cursor) for _ in range(tensors)]
    alignment = metadata.get("general.alignment", _ALIGNMENT)
    if not isinstance(alignment, int) or alignment < 1:
        raise ValueError
    start = -(-cursor.at // alignment) * alignment
    return GgufHeader(metadata, {one[0]: one[1] for one in table}), start + max((one[2] for one in table), default=0)


def _value(cursor: _Cursor, kind: int) -> Value:
    if kind == _STRING:
        return cursor.text()
    if kind != _ARRAY:
        return _number(cursor, kind)
    inner, count = cursor.take("IQ")
    if count > len(cursor.data):
        raise ValueError
    if inner in _NUMBERS:
        return list(cursor.take(f"{count}{_NUMBERS[inner]}"))
    return [_value(cursor, inner) for _ in range(count)]


def _number(cursor: _Cursor, kind: int) -> int | float | bool:
    if kind not in _NUMBERS:
        raise ValueError
    found: int | float | bool = cursor.take(_NUMBERS[kind])[0]
    return found


def _tensor(cursor: _Cursor) -> tuple[str, str, int]:
    """Name, format, and where it ends behind the start of all tensors."""
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType  # noqa: PLC0415  an extra

    name = cursor.text()
    (dimensions,) = cursor.take("I")
    shape = cursor.take(f"{dimensions}Q")
    kind, offset = cursor.take("IQ")
    form = GGMLQuantizationType(kind)
    elements, size = GGML_QUANT_SIZES[form]
    return name, form.name, offset + prod(shape) // elements * size


def _not_whole(path: Path, name: str, why: str) -> ModelError:
    return ModelError(f"{name}: {path.name} is not a whole GGUF file: {why}. Download or convert it again.")
