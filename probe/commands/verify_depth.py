"""Whether the table of layers is what such a table is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from probe.prompts.layers import mass_layers

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

__all__ = ["layer_sums"]


def layer_sums(file: str, table: pa.Table) -> Iterator[str]:
    """What is wrong in ``depth.parquet``: every cell has every layer, and sums are those of what stands beside them."""
    model, layer, z = (table[name].to_numpy(zero_copy_only=False) for name in ("model", "layer", "log_odds"))
    p1, p2, mass = (table[name].to_numpy() for name in ("logprob_p1", "logprob_p2", "option_mass"))
    for name in np.unique(model):
        own = model == name
        layers = int(layer[own].max())
        if not np.array_equal(layer[own], np.tile(np.arange(1, layers + 1), own.sum() // layers)):
            yield f"{file}: a cell of {name} has not every layer from 1 to {layers}"
            continue
        known = own & np.isin(layer - 1, mass_layers(layers))
        sums = np.exp(p1[known]) + np.exp(p2[known])
        # A neutral option is counted in the mass and has no column of its own.
        together = np.array_equal(z[known], p1[known] - p2[known]) and (mass[known] >= sums * (1 - 1e-12)).all()
        if not (together and np.isfinite(z[own]).all() and np.isnan(p1[own & ~known]).all()):
            yield f"{file}: log_odds or option_mass of {name} are not what the log-probabilities beside them give"
