"""Versions of everything that can touch a number."""

from __future__ import annotations

import functools
import importlib.metadata
import platform

__all__ = ["READ_WITH", "library_versions"]

_NUMERIC = (
    "torch",
    "transformers",
    "tokenizers",
    "accelerate",
    "bitsandbytes",
    "compressed-tensors",
    "safetensors",
    "numpy",
    "scipy",
    "pyarrow",
)
_CHANGES_NUMERICS = ("fla", "flash-linear-attention", "causal-conv1d", "kernels", "flash-attn", "triton")

READ_WITH = ("torch", "transformers", "accelerate", "bitsandbytes", "compressed-tensors", "numpy", *_CHANGES_NUMERICS)
"""Libraries by which a forward pass can change: in use, or in use as soon as they are there."""


def library_versions() -> dict[str, str]:
    """Versions of Python, the machine's instruction set and every library that touches a number; absent is said."""
    found = {"python": platform.python_version(), "machine": platform.machine(), "probe": _version("probe")}
    found.update({name: _version(name) for name in (*_NUMERIC, *_CHANGES_NUMERICS)})
    return found


@functools.cache
def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "absent"
