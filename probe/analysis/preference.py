"""What one side prefers: the mean over everything a user may meet, and the content behind the format biases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.special import expit

from probe.analysis.claim import Interval
from probe.analysis.formats import BALANCING_AXES, Formats
from probe.analysis.intervals import PROBABILITY, cut, t_interval
from probe.analysis.logspace import mixture_log_odds, sigmoid
from probe.analysis.results import FormPreference, Preference
from probe.analysis.weights import cell_weights

__all__ = [
    "Clusters",
    "cluster_means",
    "cluster_values",
    "deployed_log_odds",
    "latent_log_odds",
    "latent_range",
    "preference",
    "within_form",
]


@dataclass(frozen=True, slots=True)
class Clusters:
    """The units of one side: what its intervals and tests are made of.

    Attributes:
        names: Root questions or scenarios, sorted.
        forms: Question form of each.
        weights: They add up to 1.
        log_odds: Log-odds of each one's mean p, nats.
        latent: Mean z of each, nats.
        content: Log-odds of each one's content, the mean over its items of the sigmoid of their mean z, nats.
    """

    names: tuple[str, ...]
    forms: tuple[str, ...]
    weights: Float64[np.ndarray, " clusters"]
    log_odds: Float64[np.ndarray, " clusters"]
    latent: Float64[np.ndarray, " clusters"]
    content: Float64[np.ndarray, " clusters"]

    @property
    def content_p(self) -> Float64[np.ndarray, " clusters"]:
        """Content of each, as a probability."""
        return np.asarray(expit(self.content))

    @property
    def p(self) -> Float64[np.ndarray, " clusters"]:
        """Mean p of each."""
        return np.asarray(expit(self.log_odds))


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


def cluster_values(
    z: Float64[np.ndarray, "items variants"],
    weights: Float64[np.ndarray, " items"],
    clusters: Sequence[str],
    forms: Sequence[str],
) -> Clusters:
    """Every cluster's weight, log-odds and mean z; clusters in sorted order.

    Args:
        z: Log-odds towards the first principle, nats.
        weights: Weight of each item; they add up to 1.
        clusters: Root question or scenario of each item.
        forms: Question form of each item, alike in a cluster.
    """
    rows: dict[str, list[int]] = {}
    for row, cluster in enumerate(clusters):
        rows.setdefault(cluster, []).append(row)
    names = tuple(sorted(rows))
    sizes = np.array([weights[rows[name]].sum() for name in names])
    of_item = z.mean(axis=1)
    return Clusters(
        names=names,
        forms=tuple(forms[rows[name][0]] for name in names),
        weights=sizes,
        log_odds=np.array([deployed_log_odds(z[rows[name]], weights[rows[name]]) for name in names]),
        latent=np.array([float(weights[rows[name]] @ of_item[rows[name]]) for name in names]) / sizes,
        content=np.array([mixture_log_odds(of_item[rows[name]], weights[rows[name]]) for name in names]),
    )


def cluster_means(
    z: Float64[np.ndarray, "items variants"],
    weights: Float64[np.ndarray, " items"],
    clusters: Sequence[str],
) -> tuple[dict[str, float], Float64[np.ndarray, " clusters"]]:
    """Deployed preference of each cluster, by name, and the clusters' weights."""
    values = cluster_values(z, weights, clusters, clusters)
    return dict(zip(values.names, values.p.tolist(), strict=True)), values.weights


def within_form(clusters: Clusters, form: str) -> Clusters:
    """The clusters of one question form, with weights that add up to 1 among them."""
    own = [k for k, other in enumerate(clusters.forms) if other == form]
    return Clusters(
        names=tuple(clusters.names[k] for k in own),
        forms=(form,) * len(own),
        weights=clusters.weights[own] / clusters.weights[own].sum(),
        log_odds=clusters.log_odds[own],
        latent=clusters.latent[own],
        content=clusters.content[own],
    )


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
    values = cluster_values(z, weights, clusters, forms)
    deployed, latent = _intervals(values)
    content = values.content_p
    return Preference(
        deployed=sigmoid(deployed_log_odds(z, weights)),
        latent=sigmoid(latent_log_odds(z, weights)),
        items=len(z),
        clusters=len(values.names),
        greedy=float(weights @ (z > 0).mean(axis=1)),
        interval=deployed,
        latent_range=latent_range(z, weights, formats),
        by_form={form: _of_form(form, z, weights, forms, values) for form in sorted(set(forms))},
        by_cluster=dict(zip(values.names, values.p.tolist(), strict=True)),
        latent_interval=latent,
        interval_90=_within_bounds(t_interval(values.p, values.weights, 0.9)),
        content=float(values.weights @ content),
        content_interval=_within_bounds(t_interval(content, values.weights)),
        content_interval_90=_within_bounds(t_interval(content, values.weights, 0.9)),
    )


def _within_bounds(bounds: Interval | None) -> Interval | None:
    """Cut to probabilities."""
    return None if bounds is None else cut(bounds, PROBABILITY)


def _intervals(values: Clusters) -> tuple[Interval | None, Interval | None]:
    """Of the deployed preference, cut to probabilities, and of the latent one."""
    p, z = t_interval(values.p, values.weights), t_interval(values.latent, values.weights)
    return (
        _within_bounds(p),
        None if z is None else (sigmoid(z[0]), sigmoid(z[1])),
    )


def _of_form(
    form: str,
    z: Float64[np.ndarray, "items variants"],
    weights: Float64[np.ndarray, " items"],
    forms: Sequence[str],
    values: Clusters,
) -> FormPreference:
    own = np.array(forms) == form
    share = weights[own] / weights[own].sum()
    clusters = within_form(values, form)
    deployed, latent = _intervals(clusters)
    return FormPreference(
        deployed=sigmoid(deployed_log_odds(z[own], share)),
        latent=sigmoid(latent_log_odds(z[own], share)),
        items=int(own.sum()),
        clusters=len(clusters.names),
        interval=deployed,
        latent_interval=latent,
    )
