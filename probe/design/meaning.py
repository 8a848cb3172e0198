"""What a design says, as one hash."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from probe.design.axes import Design

__all__ = ["meaning_sha256"]


def meaning_sha256(design: Design) -> str:
    """Hash of what its variants say, so that a comment in the file changes nothing."""
    meaning = []
    for variant in design.variants():
        levels = design.levels
        meaning.append(
            [
                variant.id,
                levels.label_set(variant["label_set"]).model_dump(),
                levels.enclosure(variant["enclosure"]).model_dump(),
                levels.layout(variant["layout"]).model_dump(),
                levels.instruction(variant["instruction"]),
                levels.cue(variant["cue"]),
            ]
        )
    return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()
