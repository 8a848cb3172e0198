"""What one side prefers: the mean over everything a user may meet, and the content behind the format biases."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from probe.analysis.formats import BALANCING_AXES, Formats
from probe.analysis.intervals import t_interval
from probe.analysis.logspace import mixture_log_odds, sigmoid
from probe.analysis.results import FormPreference, Preference
from probe.analysis.weights import cell_weights

__all__ = ["cluster_means", "deployed_log_odds", "latent_log_odds", "latent_range", "preference"]


def deployed_log_odds(z: Float64[np.ndarray, "items variants"], weights: Float64[np.ndarray, " items"]) -> float:
    """Log-odds of the weighted mean of p, the preference that a user meets under a random format.

    Args:
        z: Log-odds towards the first principle, nats.
        weights: Weight of each item; its variants share it equally.
    """
    return mixture_log_odds(z, cell_weights(weights, z.shape[1]))


def latent_log_odds(z: Float64[np.ndarray, "items variants"], weights: Float64[np.ndarray, " items"]) -> float:
    """Weighted mean of z: every term that is odd in order or in label cancels.

    Example:
        >>> bias = np.array([6.0, -6.0])
        >>> one = np.ones(1)
        >>> round(sigmoid(latent_log_odds(1.0 + bias[None], one)), 6)
        0.731059
        >>> round(sigmoid(deployed_log_odds(1.0 + bias[None], one)), 6)
        0.502891
    """
    return float(weights @ z.mean(axis=1))


def latent_range(
    z: Float64[np.ndarray, "items variants"], weights: Float64[np.ndarray, " items"], formats: Formats
) -> tuple[float, float] | None:
    """Least and largest latent preference with one level of one axis left out.

    Order and label order are never thinned: without one of their two levels no bias cancels, and the figure
    would not be a latent preference. None if no other axis varied.
    """
    grid = np.einsum("i,i...->...", weights, formats.grid(z))
    found = [
        sigmoid(float(np.delete(grid, level, axis=dimension).mean()))
        for dimension, (axis, levels) in enumerate(formats.varied.items())
        if axis not in BALANCING_AXES
        for level in range(len(levels))
    ]
    return (min(found), max(found)) if found else None


def cluster_means(
    z: Float64[np.ndarray, "items variants"],
    weights: Float64[np.ndarray, " items"],
    clusters: Sequence[str],
) -> tuple[dict[str, float], Float64[np.ndarray, " clusters"]]:
    """Deployed preference of each cluster, by name, and the clusters' weights."""
    names = np.array(clusters)
    means: dict[str, float] = {}
    sizes = []
    for cluster in sorted(set(clusters)):
        own = names == cluster
        means[cluster] = sigmoid(deployed_log_odds(z[own], weights[own]))
        sizes.append(weights[own].sum())
    return means, np.array(sizes)


def preference(
    z: Float64[np.ndarray, "items variants"],
    weights: Float64[np.ndarray, " items"],
    clusters: Sequence[str],
    forms: Sequence[str],
    formats: Formats,
) -> Preference:
    """Everything that is said of one side's preference.

    Args:
        z: Log-odds towards the first principle, nats.
        weights: Weight of each item; they add up to 1.
        clusters: Root question or scenario of each item.
        forms: Question form of each item.
        formats: The grid of variants.
    """
    means, sizes = cluster_means(z, weights, clusters)
    interval = t_interval(np.array(list(means.values())), sizes)
    return Preference(
        deployed=sigmoid(deployed_log_odds(z, weights)),
        latent=sigmoid(latent_log_odds(z, weights)),
        items=len(z),
        clusters=len(means),
        greedy=float(weights @ (z > 0).mean(axis=1)),
        interval=None if interval is None else (max(interval[0], 0.0), min(interval[1], 1.0)),
        latent_range=latent_range(z, weights, formats),
        by_form={form: _of_form(form, z, weights, clusters, forms) for form in sorted(set(forms))},
        by_cluster=means,
    )


def _of_form(
    form: str,
    z: Float64[np.ndarray, "items variants"],
    weights: Float64[np.ndarray, " items"],
    clusters: Sequence[str],
    forms: Sequence[str],
) -> FormPreference:
    own = np.array(forms) == form
    share = weights[own] / weights[own].sum()
    return FormPreference(
        deployed=sigmoid(deployed_log_odds(z[own], share)),
        latent=sigmoid(latent_log_odds(z[own], share)),
        items=int(own.sum()),
        clusters=len({c for c, mine in zip(clusters, own, strict=True) if mine}),
    )
