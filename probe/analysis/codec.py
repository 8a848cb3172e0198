"""Frozen dataclasses to JSON and back, by their declared types; knows no field of any of them."""

from __future__ import annotations

import dataclasses
import math
import types
from typing import Literal, Union, get_args, get_origin, get_type_hints

__all__ = ["Json", "decode", "encode"]

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
"""Any JSON value."""


def encode(value: object) -> Json:
    """Plain JSON values of a tree of dataclasses, mappings and tuples.

    Raises:
        ValueError: a number is not finite.
        TypeError: something in the tree has no JSON form.

    Example:
        >>> encode({"a": (1.0, None)})
        {'a': [1.0, None]}
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"not a finite number: {value}")
        return float(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): encode(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [encode(inner) for inner in value]
    raise TypeError(f"no JSON form for {type(value).__name__}")


def decode(kind: object, value: Json, where: str) -> object:
    """The value of type `kind` that `value` stands for.

    Keys that `kind` does not name are passed over, since later versions append keys.

    Args:
        kind: A dataclass, a scalar type, a literal, a tuple, a dict with string keys, or one of them or None.
        value: What the JSON text held.
        where: Path of the value in the text, for messages.

    Raises:
        ValueError: `value` does not have the shape of `kind`; the message starts with the path.

    Example:
        >>> decode(tuple[float, ...], [1, 2], "x")
        (1.0, 2.0)
    """
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in inner:
            return None
        return decode(next(k for k in inner if k is not type(None)), value, where)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _decode_fields(kind, value, where)
    if origin is dict and isinstance(value, dict):
        return {key: decode(inner[1], v, f"{where}.{key}") for key, v in value.items()}
    if origin is tuple and isinstance(value, list):
        kinds = (inner[0],) * len(value) if inner[-1] is Ellipsis else inner
        if len(kinds) == len(value):
            return tuple(decode(k, v, f"{where}[{i}]") for i, (k, v) in enumerate(zip(kinds, value, strict=True)))
    return _decode_scalar(kind, value, where)


def _decode_fields(kind: type, value: Json, where: str) -> object:
    if not isinstance(value, dict):
        raise ValueError(f"{where}: not an object")  # noqa: TRY004 (what the text holds, not a caller's type)
    hints = get_type_hints(kind)
    for name in hints:
        if name not in value:
            raise ValueError(f"{where}.{name}: missing")
    return kind(**{name: decode(hint, value[name], f"{where}.{name}") for name, hint in hints.items()})


def _decode_scalar(kind: object, value: Json, where: str) -> object:
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if get_origin(kind) is Literal and value in get_args(kind):
        return value
    if kind in (bool, int, str) and type(value) is kind:
        return value
    name = kind.__name__ if isinstance(kind, type) else str(kind)
    raise ValueError(f"{where}: not a {name}")
