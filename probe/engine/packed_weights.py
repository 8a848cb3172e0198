"""GPTQ and AWQ: the numbers that packed codes stand for, whatever kernels are installed."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

__all__ = ["expand_awq", "expand_gptq"]

_WORD = 32
"""Bits of an integer that codes are packed into."""

_AWQ_ORDER = (0, 2, 4, 6, 1, 3, 5, 7)
"""Column, of eight, whose code stands in the n-th four bits of a word."""


def expand_gptq(
    codes: Int[Tensor, "words out"],
    zeros: Int[Tensor, "groups packed"],
    scales: Float[Tensor, "groups out"],
    group_of: Int[Tensor, " into"] | None,
    *,
    group_size: int,
    second_version: bool,
) -> Float[Tensor, "out into"]:
    """The weight of a GPTQ layer in float32: scale times code less zero point.

    Codes are packed down the columns, zero points along the rows, both as a stream of bits that begins at the lowest
    one. How many bits a code has follows from the shapes.

    Args:
        codes: ``qweight``.
        zeros: ``qzeros``; the first version of the format keeps zero points less one, in as many bits.
        scales: Of each group of inputs.
        group_of: ``g_idx``, the group of each input; None for groups of neighbours.
        group_size: Inputs of such a group; -1 for all in one.
        second_version: Whether zero points are kept as they are (``gptq_v2``).

    References:
        Frantar, Ashkboos, Hoefler and Alistarh (2023), GPTQ; the format is AutoGPTQ's.
    """
    out = scales.shape[1]
    bits = zeros.shape[1] * _WORD // out
    code = _stream(codes.T, bits, codes.shape[0] * _WORD // bits)
    zero = _stream(zeros, bits, out)
    if not second_version:
        zero = (zero + 1) & (2**bits - 1)
    neighbours = torch.arange(code.shape[1]) // (group_size if group_size > 0 else code.shape[1])
    group = neighbours if group_of is None else group_of.long()
    return (code - zero.T[:, group]).float() * scales.T.float()[:, group]


def expand_awq(
    codes: Int[Tensor, "into packed"], zeros: Int[Tensor, "groups packed"], scales: Float[Tensor, "groups out"]
) -> Float[Tensor, "out into"]:
    """The weight of an AWQ layer in float32, of four bits in the layout ``gemm``.

    References:
        Lin et al. (2024), AWQ; the format is AutoAWQ's.
    """
    size = codes.shape[0] // scales.shape[0]
    code, zero = _awq_columns(codes), _awq_columns(zeros)
    weight = (code - zero.repeat_interleave(size, 0)).float() * scales.float().repeat_interleave(size, 0)
    return weight.T.contiguous()


def _awq_columns(words: Int[Tensor, "rows words"]) -> Int[Tensor, "rows columns"]:
    shifts = torch.tensor([4 * _AWQ_ORDER.index(column) for column in range(8)], dtype=torch.int32)
    return ((words[:, :, None] >> shifts) & 15).reshape(words.shape[0], -1)


def _stream(words: Int[Tensor, "rows words"], bits: int, count: int) -> Int[Tensor, "rows count"]:
    """Numbers of `bits` bits from each row, the lowest bit first; one may begin in a word and end in the next."""
    start = torch.arange(count) * bits
    word, shift = start // _WORD, start % _WORD
    unsigned = words.long() & (2**_WORD - 1)
    after = unsigned[:, (word + 1).clamp(max=words.shape[1] - 1)]
    both = unsigned[:, word] | (after << _WORD)
    numbers: Tensor = (both >> shift) & (2**bits - 1)
    return numbers.int()
