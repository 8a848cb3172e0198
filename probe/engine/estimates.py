"""What is estimated of a model before it is loaded. Imports nothing, so that remembered estimates cost nothing."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FlopRate", "Memory"]


@dataclass(frozen=True, slots=True)
class Memory:
    """What a model takes on its device, in bytes.

    Attributes:
        parameters: How many it has.
        weights: Parameters and buffers as they will be kept.
        temporary: What a pass needs beside them at least: the largest float32 copy that exists at a time, of a block of
            the projection or of a layer, and the activations and logits of a small pass.
        temporary_fp32: That copy for float32 compute, whether or not it was asked for.
        unquantised_share: Share of the inner weights that quantisation leaves as they are, 0 without quantisation.
            bitsandbytes shrinks linear layers only: the fused experts of a mixture stay.
    """

    parameters: int
    weights: int
    temporary: int
    temporary_fp32: int
    unquantised_share: float


@dataclass(frozen=True, slots=True)
class FlopRate:
    """Floating-point operations of a forward pass; a multiplication and an addition are two.

    Attributes:
        token: Of all layers, for a token: twice the weights that it meets, of a mixture those of the experts in use.
        row: Of the output projection, for a position that is asked.
        pair: Of attention, for a token and one that it sees.
    """

    token: int
    row: int
    pair: int

    def flops(self, tokens: int, rows: int, pairs: int) -> int:
        """Of a pass.

        Example:
            >>> FlopRate(token=10, row=100, pair=1).flops(tokens=5, rows=2, pairs=15)
            265
        """
        return self.token * tokens + self.row * rows + self.pair * pairs
