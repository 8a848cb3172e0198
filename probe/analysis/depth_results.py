"""What is said of the layers of a model, as results.json holds it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DepthCurve", "DepthResult", "DepthSide"]


@dataclass(frozen=True, slots=True)
class DepthCurve:
    """A mean after each layer, in nats of log-odds as final norm and head give them there.

    Attributes:
        values: After layer 1, 2 and so on.
        low: Lower ends of 95 % bands; None where there are too few root questions or scenarios.
        high: Upper ends.
        arises: The first layer from which on it has the sign of the last layer and at least half of its size; None
            where the last is 0.
        clear: Whether the band of the last layer leaves out 0.
    """

    values: tuple[float, ...]
    low: tuple[float, ...] | None
    high: tuple[float, ...] | None
    arises: int | None
    clear: bool


@dataclass(frozen=True, slots=True)
class DepthSide:
    """The chosen cells of one side.

    Attributes:
        cells: How many.
        items: Of how many items.
        clusters: Of how many root questions or scenarios, which count equally.
        content: Mean z towards the first principle.
        position: What the option shown first gains; None where it cannot be distinguished from its label.
        label: What the first label gains; None where it cannot be distinguished from the position, or has no order.
        slot: Both at once, where the first option always has the first label.
        option_mass: Mean option mass at each of the result's `mass_layers`.
    """

    cells: int
    items: int
    clusters: int
    content: DepthCurve
    position: DepthCurve | None
    label: DepthCurve | None
    slot: DepthCurve | None
    option_mass: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class DepthResult:
    """Both sides of a trade-off after every layer.

    Attributes:
        layers: How many there are.
        mass_layers: Layers at which option mass was read.
        stated: None where no cell of it was read.
        revealed: None where no cell of it was read.
        apart_from: The first layer from which on stated and revealed content have opposite signs; None where they have
            one sign at the last layer, or a side is missing.
        apart_clearly_from: The first layer from which on both bands leave out 0 as well.
        end_difference: Largest difference of the last layer from the readings of the same cells, in nats; None where
            the readings have none of them.
    """

    layers: int
    mass_layers: tuple[int, ...]
    stated: DepthSide | None
    revealed: DepthSide | None
    apart_from: int | None
    apart_clearly_from: int | None
    end_difference: float | None
