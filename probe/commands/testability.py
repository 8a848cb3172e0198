"""What a study's tests can find, said before anything is read."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from probe.analysis.permutation import ALPHA
from probe.analysis.testability import POWER, SPREADS, Outlook, Reach, clusters_needed, outlook, reach

if TYPE_CHECKING:
    from probe.store.folder import RunFolder
    from probe.study.resolve import Study

__all__ = ["own_spread", "study_outlooks", "testability_brief", "testability_text"]

_LEAST_SPREAD = 0.01
"""Items that hardly differ are taken to differ by so much, in log-odds."""


def study_outlooks(study: Study) -> dict[str, Outlook]:
    """For each trade-off, whether its test can reject in the family of models times trade-offs."""
    clusters: dict[str, dict[str, set[str]]] = {f.tradeoff.tradeoff: defaultdict(set) for f in study.files}
    for item in study.items:
        clusters[item.tradeoff][item.side].add(item.cluster)
    family = len(study.sources) * len(study.files)
    return {key: outlook(len(own["stated"]), len(own["revealed"]), family) for key, own in sorted(clusters.items())}


def testability_text(study: Study, folder: RunFolder) -> str:
    """Whether a study is testable, what it would find, and whether "no deviation" can be had.

    Args:
        study: What is asked.
        folder: Where its readings are if it has been run; their own spread of items then takes the place of guesses.
    """
    outlooks = study_outlooks(study)
    open_ = [key for key, one in outlooks.items() if one.testable]
    lines = [_counted(study, outlooks)]
    lines += [f"  {key}: not testable, {_why(one)}" for key, one in outlooks.items() if not one.testable]
    own = own_spread(folder)
    spreads, whose = (SPREADS, "") if own is None else ((own,), ", as in the run that is there")
    for one in sorted({outlooks[key] for key in open_}, key=lambda one: (one.roots, one.scenarios)):
        lines.append(
            f"  with {one.roots} root questions and {one.scenarios} scenarios the least p is {one.least:.2g}, "
            f"x {one.family} = {one.family * (one.least or 1):.2g}; with power {POWER:g}, by standard deviation of "
            f"items in log-odds{whose}:"
        )
        lines += [_reach_line(reach(one, spread)) for spread in spreads]
    return "\n".join(lines)


def testability_brief(study: Study, folder: RunFolder) -> str:
    """The same in at most three lines, for the trade-off with the fewest items; `probe plan` says all of it."""
    outlooks = study_outlooks(study)
    lines = [_counted(study, outlooks)]
    shut = [(key, one) for key, one in outlooks.items() if not one.testable]
    if shut:
        more = f"; {len(shut) - 1} more" if len(shut) > 1 else ""
        lines.append(f"  not testable: {shut[0][0]}, {_why(shut[0][1])}{more}")
    open_ = [one for one in outlooks.values() if one.testable]
    if open_:
        fewest = min(open_, key=lambda one: (one.roots + one.scenarios, one.roots))
        own = own_spread(folder)
        found = [reach(fewest, spread).gap for spread in (SPREADS if own is None else (own,))]
        gaps = sorted({f"{gap:.2f}" for gap in found if gap is not None})
        reported = f"a gap of {' to '.join(dict.fromkeys((gaps[0], gaps[-1])))} is found" if gaps else "no gap is found"
        lines.append(f"  with power {POWER:g} {reported}, by the spread of items; `probe plan` says more")
    return "\n".join(lines)


def _counted(study: Study, outlooks: dict[str, Outlook]) -> str:
    models = f"{len(study.sources)} model{'s' * (len(study.sources) > 1)}"
    return (
        f"testable: {sum(one.testable for one in outlooks.values())} of {len(outlooks)} trade-offs, in a family of "
        f"{len(study.sources) * len(outlooks)} tests ({models} x {len(outlooks)} trade-offs)"
    )


def own_spread(folder: RunFolder) -> float | None:
    """Standard deviation of a run's items in log-odds: the median over models, trade-offs and sides; None without one.

    A damaged table is none: the run makes it anew. An item here is a cluster, as in the test; a side of one has none.
    """
    manifest = folder.manifest()
    if manifest is None or not manifest.complete:
        return None
    if not folder.holds("readings.parquet", manifest.files.get("readings.parquet")):
        return None
    columns = folder.readings().select(["model", "tradeoff", "side", "cluster", "log_odds"])
    means = columns.group_by(["model", "tradeoff", "side", "cluster"]).aggregate([("log_odds", "mean")])
    sides: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for row in means.filter(pc.is_in(means["side"], pa.array(["stated", "revealed"]))).to_pylist():
        sides[row["model"], row["tradeoff"], row["side"]].append(row["log_odds_mean"])
    found = [float(np.std(values, ddof=1)) for values in sides.values() if len(values) > 1]
    return max(_LEAST_SPREAD, float(np.median(found))) if found else None


def _why(found: Outlook) -> str:
    has = f"{found.roots} root questions and {found.scenarios} scenarios"
    enough = "{} and {} would do".format(*clusters_needed(found.roots, found.scenarios, found.family))
    if found.least is None:
        return f"{has}: a side needs two for an interval; {enough}"
    return (
        f"{has}: no p-value can be below {found.least:.2g}, and the family of {found.family} needs "
        f"{ALPHA / found.family:.2g}; {enough}"
    )


def _reach_line(found: Reach) -> str:
    gap = "no gap is found" if found.gap is None else f"a gap of {found.gap:.2f} is found"
    if found.same_from is None:
        return f'    {found.spread:.2f}: {gap}; "no deviation" is out of reach'
    return (
        f'    {found.spread:.2f}: {gap}; "no deviation" only where both sides are beyond {found.same_from:.2f} or '
        f"{1 - found.same_from:.2f}"
    )
