"""At which layers the distribution over the whole vocabulary is made, where a pack is read after every layer."""

from __future__ import annotations

__all__ = ["MASS_LAYERS", "mass_layers"]

MASS_LAYERS = 8
"""So many layers, spread evenly; of a model with fewer, all."""


def mass_layers(layers: int) -> tuple[int, ...]:
    """Numbers from 0 of the layers after which option mass is read: the first, the last, and what lies evenly between.

    Example:
        >>> mass_layers(30), mass_layers(3)
        ((0, 4, 8, 12, 17, 21, 25, 29), (0, 1, 2))
    """
    if layers <= MASS_LAYERS:
        return tuple(range(layers))
    return tuple((2 * at * (layers - 1) + MASS_LAYERS - 1) // (2 * (MASS_LAYERS - 1)) for at in range(MASS_LAYERS))
