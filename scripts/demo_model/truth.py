"""The truth that travels with the model, from the grammar's own table of cells."""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any

from demo_model.grammar import (
    ACQUIESCENCE,
    BARE,
    EVEN_EFFECT,
    FOLLOWS,
    INTERACTION,
    LABEL_BIAS,
    LABEL_ECHO,
    PLANS,
    POSITION_BIAS,
    TURNS,
    heldout_cells,
    heldout_formats,
    weights,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from demo_model.cells import Cell
    from demo_model.study import Format, Question

__all__ = [
    "VERSION",
    "agreement",
    "ladder",
    "omission",
    "own_words",
    "planted_truth",
    "preferences",
    "prompts_sha256",
]

VERSION = 3
"""Of the embedded model: it rises whenever another truth is planted."""


def planted_truth(
    questions: Sequence[Question],
    contents: Mapping[str, float],
    formats: Sequence[Format],
    cells: Sequence[Cell],
) -> dict[str, Any]:
    """Everything that is planted, and the fingerprint of the prompts it is planted in."""
    where, axis, level, nats = EVEN_EFFECT
    log_odds = [cell.log_odds for cell in cells]
    kept_out = {cell.kept_out for cell in cells} - {""}
    shares = {word: sum(cell.kept_out == word for cell in cells) / len(cells) for word in sorted(kept_out)}
    return {
        "version": VERSION,
        "design": "standard",
        "tradeoffs": {name: _tradeoff(name, questions, cells, log_odds) for name in sorted(PLANS)},
        "position_bias": POSITION_BIAS,
        "label_bias": LABEL_BIAS,
        "acquiescence": ACQUIESCENCE,
        "ladder": {"interaction": INTERACTION, "bare_share": BARE},
        "label_echo": LABEL_ECHO,
        "format_effect": {"tradeoff": where, "axis": axis, "level": level, "nats": nats, "towards": "p1"},
        "pivot_axis": "order",
        "heldout": {
            "variants": sorted(form.id for form in heldout_formats(formats)),
            "items": list(heldout_cells(questions)),
            "share_of_cells": {word: round(share, 6) for word, share in shares.items()},
        },
        "items": dict(contents),
        "prompts_sha256": prompts_sha256(cells),
    }


def prompts_sha256(cells: Sequence[Cell]) -> str:
    r"""Sha256 over lines ``item \t variant \t prompt as a JSON string``, sorted by item and variant."""
    digest = hashlib.sha256()
    for cell in sorted(cells, key=lambda cell: (cell.item, cell.form.id)):
        digest.update(f"{cell.item}\t{cell.form.id}\t{json.dumps(cell.text)}\n".encode())
    return digest.hexdigest()


def preferences(
    name: str, side: str, questions: Sequence[Question], cells: Sequence[Cell], log_odds: Sequence[float]
) -> tuple[float, float]:
    """Deployed and latent preference of one side of one trade-off for its first principle."""
    own = [q for q in questions if q.tradeoff == name and q.side == side]
    share = weights(own)
    formats = len({cell.form for cell in cells})
    rows = [(share[c.item] / formats, z) for c, z in zip(cells, log_odds, strict=True) if c.item in share]
    deployed = math.fsum(weight / (1 + math.exp(-z)) for weight, z in rows)
    return deployed, 1 / (1 + math.exp(-math.fsum(weight * z for weight, z in rows)))


def agreement(cells: Sequence[Cell], log_odds: Sequence[float], mass: Sequence[float]) -> dict[str, Any]:
    """How far the trained model is from what is planted, on cells it was trained on and on those kept out.

    Those of the ladder, without a clause and after another turn stand apart, as far as training saw them.
    """
    found: dict[str, Any] = {}
    for word in ("", "format", "context", "both", "ladder", "clauses", "own_words"):
        rows = [(c.log_odds, z) for c, z in zip(cells, log_odds, strict=True) if _row_of(c) == word]
        errors = [abs(1 / (1 + math.exp(-a)) - 1 / (1 + math.exp(-b))) for a, b in rows]
        found[word or "trained"] = {
            "cells": len(rows),
            "mean_error_p": round(math.fsum(errors) / len(errors), 5),
            "largest_error_p": round(max(errors), 5),
            "mean_error_log_odds": round(math.fsum(abs(a - b) for a, b in rows) / len(rows), 5),
        }
    return {"kept_out": found, "least_option_mass": round(min(mass), 5)}


def ladder(
    name: str, questions: Sequence[Question], cells: Sequence[Cell], log_odds: Sequence[float]
) -> dict[str, float]:
    """Steps from bridge to first context cell in one trade-off, in nats: means over scenarios and the formats given.

    Situation and wording by Shapley over the four cells at *should*; ``total`` is their sum with *do* against *should*.
    """
    mean = _means(cells, log_odds)
    scenes = [q.id.removesuffix("~ladder-110") for q in questions if q.tradeoff == name and q.form == "110"]
    rungs = [(scene, scene.rpartition("/")[0]) for scene in scenes]
    of = {
        "000": [mean[f"{root}~bridge"] for _, root in rungs],
        "100": [mean[f"{scene}~ladder-100"] for scene, _ in rungs],
        "010": [mean[f"{root}~ladder-010"] for _, root in rungs],
        "110": [mean[f"{scene}~ladder-110"] for scene, _ in rungs],
        "111": [mean[scene] for scene, _ in rungs],
        "bare": [mean[f"{root}~ladder-bare"] for _, root in rungs],
    }
    at = {cell: math.fsum(values) / len(values) for cell, values in of.items()}
    return {
        "vignette": ((at["100"] - at["000"]) + (at["110"] - at["010"])) / 2,
        "wording": ((at["010"] - at["000"]) + (at["110"] - at["100"])) / 2,
        "should_to_do": at["111"] - at["110"],
        "total": at["111"] - at["000"],
        "bare": at["bare"],
    }


def omission(
    name: str, questions: Sequence[Question], cells: Sequence[Cell], log_odds: Sequence[float]
) -> float | None:
    """Nats that an option gains by leaving things as they are, over scenarios and mates; None without mates."""
    mean = _means(cells, log_odds)
    own = [q for q in questions if q.tradeoff == name and q.side == "revealed" and q.omits is not None]
    gains = [mean[q.id] if q.omits == q.p1[0] else -mean[q.id] for q in own]
    return math.fsum(gains) / len(gains) if gains else None


def own_words(name: str, cells: Sequence[Cell], log_odds: Sequence[float]) -> dict[str, dict[str, float]]:
    """What the answer of the turn before does in one trade-off, in nats, over every pair and format.

    By what is read, ``choice`` or ``principle``, and by the same with ``_unrelated``.
    """
    rows: dict[str, list[tuple[Cell, float]]] = {}
    for cell, z in zip(cells, log_odds, strict=True):
        if cell.before is not None and cell.item.startswith(f"{name}/"):
            read = "choice" if "=" in cell.item.partition("~")[0] else "principle"
            rows.setdefault(read + ("" if "~after-" in cell.item else "_unrelated"), []).append((cell, z))
    return {
        read: {
            "pull": _contrast(own, lambda _first, _second: 1),
            "label_echo": _contrast(own, lambda first, second: first.label_sign * second.label_sign),
            "position_echo": _contrast(own, lambda first, second: first.order_sign * second.order_sign),
        }
        for read, own in sorted(rows.items())
    }


def _contrast(rows: Sequence[tuple[Cell, float]], sign: Callable[[Format, Format], int]) -> float:
    """Mean of z where the first option was said minus where the second was, each times a sign of both formats."""
    return 2 * math.fsum(z * c.before.said * sign(c.before.form, c.form) for c, z in rows if c.before) / len(rows)


def _means(cells: Sequence[Cell], log_odds: Sequence[float]) -> dict[str, float]:
    """Mean log-odds of every item over the formats given."""
    rows: dict[str, list[float]] = {}
    for cell, z in zip(cells, log_odds, strict=True):
        rows.setdefault(cell.item, []).append(z)
    return {item: math.fsum(values) / len(values) for item, values in rows.items()}


def _row_of(cell: Cell) -> str | None:
    """Row of the agreement that a cell counts in."""
    beside = {"~ladder-": "ladder", "~without-": "clauses", "~after-": "own_words", "~unrelated": "own_words"}
    row = next((row for mark, row in beside.items() if mark in cell.item), None)
    if row is None:
        return cell.kept_out
    return None if cell.kept_out else row


def _tradeoff(
    name: str, questions: Sequence[Question], cells: Sequence[Cell], log_odds: Sequence[float]
) -> dict[str, Any]:
    stated, stated_latent = preferences(name, "stated", questions, cells, log_odds)
    revealed, revealed_latent = preferences(name, "revealed", questions, cells, log_odds)
    bridge, _ = preferences(name, "bridge", questions, cells, log_odds)
    first = next(q for q in questions if q.tradeoff == name and q.side == "stated")
    gains = omission(name, questions, cells, log_odds)
    divergence = revealed * math.log(revealed / stated) + (1 - revealed) * math.log((1 - revealed) / (1 - stated))
    return {
        "p1": first.p1[0],
        "p2": first.p2[0],
        "stated": round(stated, 6),
        "revealed": round(revealed, 6),
        "bridge": round(bridge, 6),
        "stated_latent": round(stated_latent, 6),
        "revealed_latent": round(revealed_latent, 6),
        "kl_revealed_stated": round(max(divergence, 0.0), 6),
        "deviates": PLANS[name].latent is None and PLANS[name].stated != PLANS[name].revealed,
        "direction": _direction(stated, revealed),
        "context": {factor: dict(levels) for factor, levels in PLANS[name].context.items()},
        "ladder": {step: round(nats, 4) for step, nats in ladder(name, questions, cells, log_odds).items()},
        **({} if gains is None else {"omission": round(gains, 4)}),
        "sentences": {item: nats for item, nats in TURNS.items() if item.startswith(f"{name}/")},
        "own_words": {read: FOLLOWS.get((name, read), 0.0) for read in ("choice", "principle")},
    }


def _direction(stated: float, revealed: float) -> str | None:
    """Reversal, amplified or attenuated; None where the sides are equal to four decimals."""
    if abs(stated - revealed) < 1e-4:
        return None
    if (stated - 0.5) * (revealed - 0.5) < 0:
        return "reversal"
    return "amplified" if abs(revealed - 0.5) > abs(stated - 0.5) else "attenuated"
