"""What a design says, as one hash."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from probe.design.axes import Design
    from probe.design.items import Level

__all__ = ["meaning_sha256"]


def meaning_sha256(design: Design) -> str:
    """Hash of what its variants say, so that a comment in the file changes nothing."""
    meaning: list[object] = []
    for variant in design.variants():
        levels = design.levels
        meaning.append(
            [
                variant.id,
                levels.label_set(variant["label_set"]).model_dump(exclude={"third"}),
                levels.enclosure(variant["enclosure"]).model_dump(),
                levels.layout(variant["layout"]).model_dump(),
                levels.instruction(variant["instruction"]),
                levels.cue(variant["cue"]),
            ]
        )
    if design.levels.neutral is not None:
        thirds = {name: design.levels.label_set(name).third for name in sorted(_label_sets(design))}
        meaning.append([design.levels.neutral.model_dump(), sorted(design.places), thirds])
    return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()


def _label_sets(design: Design) -> set[Level]:
    return {variant["label_set"] for variant in design.variants()}
