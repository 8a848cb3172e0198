"""The seed paper's protocol against exact reading, on its own prompts.

    scripts/replications/seed_protocol.py CLONE MODEL... --out runs/seed

CLONE is the root of a clone of one of its two public repositories, which the user brings: no text of theirs ships.
Prints one line per set and model: what one sampled answer per prompt would have reported (mean, 5th and 95th
percentile of the published estimator, with the answers pooled as published and by the principle that they stand
for), the divergence that the same prompts have when read exactly, and the one of the counterbalanced reading.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from math import log
from pathlib import Path

import numpy as np
from scipy.special import expit

import probe
from probe.analysis.divergence import kl_divergence
from probe.analysis.gu2025 import answer_shares, joint_estimates
from probe.analysis.logspace import mixture_log_odds
from probe.design.items import FIXED
from probe.imports.alignment import import_alignment
from probe.imports.writing import files_of

Rows = Sequence[Mapping[str, object]]


def write(clone: Path, out: Path, *, as_printed: bool) -> None:
    """The prompts as trade-off files."""
    out.mkdir(parents=True, exist_ok=True)
    for name, text in files_of(import_alignment(clone, as_printed=as_printed)).items():
        (out / name).write_text(text, encoding="utf-8")


def towards(rows: Rows, *, first_answer: bool) -> np.ndarray:
    """Log-odds of each prompt towards p1, or towards the answer that its text prints first (A or Yes)."""
    signs = [1.0 if not first_answer or row["shown_first"] == row["p1"] else -1.0 for row in rows]
    return np.array([sign * float(str(row["log_odds"])) for sign, row in zip(signs, rows, strict=True)])


def exact(stated: np.ndarray, revealed: np.ndarray) -> float:
    """Divergence of the two mean probabilities, base 10, as the paper counts."""
    pooled = [mixture_log_odds(z, np.ones_like(z)) for z in (stated, revealed)]
    return kl_divergence(pooled[1], pooled[0]) / log(10)


def line(name: str, stated: Rows, revealed: Rows, balanced: float | None) -> str:
    """One set under one model."""
    cells = [f"{name:22}", f"{len(stated):3}", f"{len(revealed):3}"]
    for first_answer in (True, False):
        s, r = (towards(rows, first_answer=first_answer) for rows in (stated, revealed))
        found = joint_estimates(answer_shares(expit(s)), answer_shares(expit(r)))
        cells.append(f"{found.mean:7.3f} [{found.percentile(0.05):6.3f}, {found.percentile(0.95):6.3f}]")
        cells.append(f"{exact(s, r):7.4f}")
    cells.append("      -" if balanced is None else f"{balanced:7.4f}")
    return "  ".join(cells)


def table(rows: Rows, model: str, balanced: Mapping[str, float | None]) -> list[str]:
    """One line per set that has both sides."""
    head = f"{'set':22}    S    R  sampled, as pooled         exact    sampled, by principle      exact    balanced"
    lines = [f"\n{model}", head]
    for name in sorted({str(row["tradeoff"]) for row in rows}):
        own = [row for row in rows if row["tradeoff"] == name and row["model"] == model]
        stated, revealed = ([row for row in own if row["side"] == side] for side in ("stated", "revealed"))
        if stated and revealed:
            lines.append(line(name, stated, revealed, balanced.get(name)))
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clone", type=Path)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--out", type=Path, default=Path("runs/seed"))
    arguments = parser.parse_args()
    runs = {}
    for name, as_printed in (("printed", True), ("balanced", False)):
        source = arguments.out / name
        write(arguments.clone, source, as_printed=as_printed)
        runs[name] = probe.run(
            arguments.models, suite=f"{source}/", design="quick", answers="labels", out=arguments.out / f"{name}-run"
        )
    rows = runs["printed"].readings.to_pylist()
    if any(row["variant"] != FIXED.id for row in rows):
        sys.exit("a prompt was not asked as it stands; this is a bug")
    for model, found in runs["balanced"].results.models.items():
        balanced = {name: one.kl_revealed_stated for name, one in found.tradeoffs.items()}
        base_ten = {name: None if value is None else value / log(10) for name, value in balanced.items()}
        print("\n".join(table(rows, model, base_ten)))


if __name__ == "__main__":
    main()
