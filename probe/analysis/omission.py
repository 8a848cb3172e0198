"""What an option gains by being an omission: scenarios against their mates, in which the default is turned round."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float64

from probe.analysis.cells import ItemRow
from probe.analysis.effects import FactorResult
from probe.analysis.intervals import equal_weights, t_interval
from probe.analysis.results import OmissionResult

__all__ = ["omission"]


def omission(
    items: Sequence[ItemRow],
    z: Float64[np.ndarray, "items variants"],
    omits: Mapping[str, str],
    turned: FactorResult | None = None,
) -> OmissionResult | None:
    """Omission and content over the scenarios that have a mate, each counting once; None where none has.

    Within a pair the content enters both items alike, and what the omission gains enters them with opposite signs.

    Args:
        items: The revealed items; a scenario and its mate share their cluster.
        z: Their log-odds towards the first principle, nats.
        omits: Principle whose option is the omission, by item.
        turned: What the default's side does as one more context factor.
    """
    of: dict[str, dict[bool, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for item, mean in zip(items, z.mean(axis=1), strict=True):
        if item.id in omits:
            sign = 1.0 if omits[item.id] == item.p1 else -1.0
            of[item.cluster][item.is_mate].append((sign * float(mean), float(mean)))
    pairs = {
        scenario: (np.mean(both[False], axis=0) + np.mean(both[True], axis=0)) / 2
        for scenario, both in sorted(of.items())
        if len(both) == 2
    }
    if not pairs:
        return None
    towards, content = np.array(list(pairs.values())).T
    n = len(pairs)
    return OmissionResult(
        towards_omission=float(towards.mean()),
        content=float(content.mean()),
        scenarios=n,
        by_scenario=dict(zip(pairs, towards.tolist(), strict=True)),
        interval=t_interval(towards, equal_weights(n)) if n > 1 else None,
        content_interval=t_interval(content, equal_weights(n)) if n > 1 else None,
        information=turned.information if turned is not None else None,
    )
