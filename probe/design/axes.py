"""Designs: which levels of which format axes are crossed. Reads and checks a design file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from pydantic import BaseModel, ConfigDict

from probe.design.data import PACKAGE
from probe.design.fields import Id
from probe.design.items import AXES, EVERY_AXIS, FIXED, Axis, Item, Level, Variant, unlisted
from probe.design.levels import Enclosure, LabelSet, Layout, Levels, Neutral, OwnLevels, shipped_levels, unknown_level
from probe.design.neutral import neutral_faults
from probe.design.paths import is_file, is_there
from probe.design.strict_yaml import Document, Fault, Faulty, faults_as, load_yaml
from probe.design.typed_yaml import did_you_mean, listed, read_as
from probe.errors import InputError, ScenarioError

if TYPE_CHECKING:
    from probe.design.items import Level

__all__ = [
    "Design",
    "DesignFile",
    "Enclosure",
    "LabelSet",
    "Layout",
    "Levels",
    "design_names",
    "load_design",
    "meaning_sha256",
    "parse_variant",
    "shipped_levels",
]


class DesignFile(BaseModel):
    """The shape of a design file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    design: Id
    axes: dict[str, tuple[str, ...]]
    levels: OwnLevels = OwnLevels()
    neutral: Neutral | None = None


@dataclass(frozen=True, slots=True)
class Design:
    """A full factorial over some format axes; the others are fixed at their default.

    Attributes:
        name: The file's own name for it.
        axes: The axes that the file names, with their levels, in the order of the file.
        levels: What each level means.
        source: The file's text, verbatim.
    """

    name: str
    axes: Mapping[Axis, tuple[Level, ...]]
    levels: Levels
    source: str

    def variants(self) -> tuple[Variant, ...]:
        """Every combination of levels, sorted by id: the order of levels in the file changes nothing.

        What has a neutral option is asked in more, see `variants_of`.

        Example:
            >>> [len(load_design(name).variants()) for name in ("quick", "standard", "full")]
            [4, 32, 192]
        """
        choices = [self.axes.get(axis, (self.levels.default(axis),)) for axis in AXES]
        return tuple(sorted((Variant(levels) for levels in product(*choices)), key=lambda variant: variant.id))

    def unlisted_variants(self) -> tuple[Variant, ...]:
        """The formats of questions without listed options: one for each cue, but for cues that announce a label.

        Where all of them do, it is the default cue.

        Example:
            >>> [len(load_design(name).unlisted_variants()) for name in ("quick", "standard", "full")]
            [1, 2, 2]
        """
        cues = self.axes.get("cue", (self.levels.default("cue"),))
        fit = [cue for cue in cues if cue not in self.levels.label_only("cue")] or [self.levels.default("cue")]
        return tuple(sorted(map(unlisted, fit), key=lambda variant: variant.id))

    def crossed_variants(self) -> tuple[Variant, ...]:
        """The formats of a turn of two: order and label order crossed, of every other axis the first level named.

        Example:
            >>> [len(load_design(name).crossed_variants()) for name in ("quick", "standard", "full")]
            [4, 4, 4]
        """
        crossed = {"order", "label_order"}
        named = {axis: levels if axis in crossed else levels[:1] for axis, levels in self.axes.items()}
        return replace(self, axes=named).variants()

    @property
    def neutral_positions(self) -> tuple[Level, ...]:
        """Where a neutral option stands, in the order of the file; empty without one."""
        if self.levels.neutral is None:
            return ()
        return self.axes.get("neutral", (self.levels.default("neutral"),))

    def variants_of(self, item: Item) -> tuple[Variant, ...]:
        """The variants that an item is asked in, sorted by id: with a neutral option where its side offers one."""
        if item.variants:
            return tuple(one for one in self.variants_of(replace(item, variants=())) if one.id in item.variants)
        if item.fixed is not None:
            return (FIXED,)
        if item.table == "texts":
            return self.unlisted_variants()
        if item.table == "own_words":
            return self.crossed_variants()
        if self.levels.neutral is None or self.levels.neutral.offered(item.side) is None:
            return self.variants()
        found = (variant.with_neutral(position) for variant in self.variants() for position in self.neutral_positions)
        return tuple(sorted(found, key=lambda variant: variant.id))


def design_names() -> tuple[str, ...]:
    """Names of the designs that ship with probe."""
    return tuple(sorted(path.stem for path in (PACKAGE / "design" / "designs").glob("*.yaml")))


def load_design(name_or_path: str) -> Design:
    """A shipped design by name, or a design file: an argument that contains ``/`` and exists is a path.

    Raises:
        ScenarioError: There is no such design, or the file is wrong; one line per fault.
    """
    with faults_as(ScenarioError):
        return _read_design(_design_path(name_or_path))


def parse_variant(text: str, levels: Levels) -> Variant:
    """The variant that ``axis=level,...`` names; any axes in any order, the rest at their default.

    Without ``neutral=`` it has no neutral option.

    Raises:
        InputError: An axis or a level is unknown, stands twice, or a part is not ``axis=level``.

    Example:
        >>> parse_variant("cue=choice,order=p2", shipped_levels()).id
        'order=p2,label_order=position,label_set=AB,enclosure=paren,layout=lines,instruction=label,cue=choice'
    """
    if text == FIXED.id:
        return FIXED
    named: dict[str, Level] = {}
    for part in text.split(",") if text else ():
        axis, equals, level = part.partition("=")
        if not equals:
            raise InputError(f"variant '{text}': '{part}' is not axis=level. Write for example order=p2,cue=choice.")
        if axis not in EVERY_AXIS:
            raise InputError(f"variant '{text}': {_unknown_axis(axis)}")
        if axis in named:
            raise InputError(f"variant '{text}': the axis '{axis}' stands twice. Remove one.")
        if level not in levels.known(axis):
            raise InputError(f"variant '{text}': {unknown_level(axis, level, levels)}")
        named[axis] = Level(level)
    found = Variant(tuple(named.get(axis, levels.default(axis)) for axis in AXES))
    return found.with_neutral(named["neutral"]) if "neutral" in named else found


def _design_path(name_or_path: str) -> Path:
    path = Path(name_or_path)
    if "/" in name_or_path and is_there(path):
        return path
    names = design_names()
    if name_or_path in names:
        return PACKAGE / "design" / "designs" / f"{name_or_path}.yaml"
    hint = did_you_mean(name_or_path, names)
    if is_file(path):
        hint = f" For the file, write ./{name_or_path}."
    raise ScenarioError(
        f"design '{name_or_path}': neither a file whose path contains '/' nor a shipped design; "
        f"shipped are {listed(names)}.{hint or ' Name one of them, or give the path of a design file.'}"
    )


def _read_design(path: Path) -> Design:
    document = load_yaml(path)
    file = read_as(document, DesignFile)
    levels = shipped_levels().with_own(file.levels, file.neutral)
    faults = [*_own_level_faults(document, file), *_axis_faults(document, file, levels)]
    faults += neutral_faults(document, file.neutral, file.axes, levels)
    if faults:
        raise Faulty(faults)
    axes = {axis: tuple(map(Level, chosen)) for axis, chosen in file.axes.items() if axis in EVERY_AXIS}
    return Design(file.design, axes, levels, document.source)


def _own_level_faults(document: Document, file: DesignFile) -> Iterator[Fault]:
    for axis in get_args(Axis):
        for level in getattr(file.levels, axis, ()):
            if level in shipped_levels().known(axis):
                yield document.fault(
                    ("levels", axis, level),
                    f"levels.{axis}: the level '{level}' ships with probe, and a variant's id means the same under "
                    "every design. Choose another name.",
                )


def _axis_faults(document: Document, file: DesignFile, levels: Levels) -> Iterator[Fault]:
    if not file.axes:
        yield document.fault(("axes",), "axes: names no axis. Name at least order: [p1, p2].")
    for axis, chosen in file.axes.items():
        if axis not in EVERY_AXIS:
            yield document.fault(("axes", axis), f"axes: {_unknown_axis(axis)}")
            continue
        if not chosen:
            yield document.fault(("axes", axis), f"axes.{axis}: names no level. Name one, or remove the axis.")
        for index, level in enumerate(chosen):
            if level not in levels.known(axis):
                yield document.fault(("axes", axis, index), f"axes.{unknown_level(axis, level, levels)}")
            if level in chosen[:index]:
                message = f"axes.{axis}: the level '{level}' stands twice. Remove one."
                yield document.fault(("axes", axis, index), message)
    if "position" in file.axes.get("label_order", ()) and len(file.axes["label_order"]) > 1:
        yield document.fault(
            ("axes", "label_order"),
            f"axes.label_order: 'position' stands beside other levels, found {listed(file.axes['label_order'])}. Under "
            "'position' the option shown first always carries the first label, so that label and position could not "
            "be distinguished in a part of the cells. Use [p1, p2] to distinguish them, or [position] alone.",
        )


def _unknown_axis(axis: str) -> str:
    hint = did_you_mean(axis, EVERY_AXIS) or " Use one of them."
    return f"the axis '{axis}' is not known; known are {listed(EVERY_AXIS)}.{hint}"


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
        meaning.append([design.levels.neutral.model_dump(), sorted(design.neutral_positions), thirds])
    return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()


def _label_sets(design: Design) -> set[Level]:
    return {variant["label_set"] for variant in design.variants()}
