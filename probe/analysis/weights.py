"""How much an item counts in its side's mean: authoring more cells of one scenario gives it no more weight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

__all__ = ["cell_weights", "nested_weights", "revealed_weights", "stated_weights"]


def nested_weights(*levels: Sequence[str]) -> Float64[np.ndarray, " items"]:
    """Weights that are equal among the units of each level within the unit above; they add up to 1.

    Args:
        levels: The unit of every item at each level, from the outermost inwards.

    Example:
        >>> nested_weights(["f", "f", "f", "g"], ["a", "a", "b", "c"]).tolist()
        [0.125, 0.125, 0.25, 0.5]
    """
    paths = list(zip(*levels, strict=True))
    groups = [{path[: depth + 1] for path in paths} for depth in range(len(levels))]
    siblings = [Counter(group[:-1] for group in at_depth) for at_depth in groups]
    members = Counter(paths)
    return np.array(
        [1.0 / members[path] / np.prod([siblings[d][path[:d]] for d in range(len(levels))]) for path in paths],
        dtype=np.float64,
    )


def stated_weights(forms: Sequence[str], clusters: Sequence[str]) -> Float64[np.ndarray, " items"]:
    """Paraphrase and mate equal in a root question, root equal in a form, form equal in the side."""
    return nested_weights(forms, clusters)


def revealed_weights(clusters: Sequence[str]) -> Float64[np.ndarray, " items"]:
    """Context cell equal in a scenario, scenario equal in the side."""
    return nested_weights(clusters)


def cell_weights(weights: Float64[np.ndarray, " items"], variants: int) -> Float64[np.ndarray, "items variants"]:
    """Weight of each cell: variants are equal in their item."""
    return np.repeat(weights[:, None] / variants, variants, axis=1)
