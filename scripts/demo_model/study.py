"""Every prompt of the demo study, read from its files. Knows nothing of planted values or of tokens."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = [
    "AXES",
    "Format",
    "Grid",
    "Question",
    "ask",
    "read_clauses",
    "read_grid",
    "read_ladder",
    "read_questions",
    "shown_labels",
]

AXES = ("order", "label_order", "label_set", "enclosure", "layout", "instruction", "cue")

_DO, _FIRST = "What do you do?", ", what should come first for you?"
"""How every scenario and every bridge of the study ends."""


@dataclass(frozen=True, slots=True)
class Question:
    """One item of the study.

    Attributes:
        id: The item's id as a readings table names it.
        tradeoff: Id of the trade-off.
        side: ``stated``, ``revealed``, ``bridge``, ``control``, ``ladder`` or ``clauses``.
        form: ``choose``, ``agree``, ``advise``, ``choice``, ``bridge``, a control's kind, a cell of the ladder, or what
            is left out (``sentence``, ``factor``).
        cluster: Root question or scenario, ``tradeoff/id``.
        context: Context factors and their levels in the file's order; where a factor's phrase is left out, without it.
        text: The question above the options.
        p1: Option that counts as positive, and its text.
        p2: The other one.
        towards: Id that the agreeing answer (agree form) or the sound answer (controls) stands for.
        omits: Principle whose option leaves things as they are, where the scenario has a mate.
    """

    id: str
    tradeoff: str
    side: str
    form: str
    cluster: str
    context: tuple[tuple[str, str], ...]
    text: str
    p1: tuple[str, str]
    p2: tuple[str, str]
    towards: str | None = None
    omits: str | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """One level per axis, in the order of `AXES`."""

    levels: tuple[str, ...]

    def __getitem__(self, axis: str) -> str:
        """Level of one axis."""
        return self.levels[AXES.index(axis)]

    @property
    def id(self) -> str:
        """``axis=level,...`` over all axes."""
        return ",".join(f"{axis}={level}" for axis, level in zip(AXES, self.levels, strict=True))

    @property
    def order_sign(self) -> int:
        """+1 if the first principle is shown first, else -1."""
        return 1 if self["order"] == "p1" else -1

    @property
    def label_sign(self) -> int:
        """+1 if the first principle carries the first label of its set, else -1."""
        return 1 if self["label_order"] == "p1" else -1


@dataclass(frozen=True, slots=True)
class Grid:
    """The format axes with what each level means, and the formats of the design ``standard``."""

    axes: Mapping[str, Mapping[str, Any]]
    standard: tuple[Format, ...]

    def level(self, axis: str, form: Format) -> Any:  # noqa: ANN401 - a level is text or a small mapping
        """What the level of one axis means."""
        return self.axes[axis]["levels"][form[axis]]


def read_grid(axes_file: Path, design_file: Path) -> Grid:
    """Axes and design as data; an axis that the design does not name stays at its default."""
    axes = yaml.safe_load(axes_file.read_text(encoding="utf-8"))
    moved = yaml.safe_load(design_file.read_text(encoding="utf-8"))["axes"]
    choices = [moved.get(axis, [axes[axis]["default"]]) for axis in AXES]
    return Grid(axes, tuple(Format(levels) for levels in itertools.product(*choices)))


def shown_labels(form: Format, grid: Grid) -> tuple[str, str]:
    """Labels under which the first and the second principle are shown."""
    first, second = grid.level("label_set", form)["labels"]
    return (first, second) if form.label_sign > 0 else (second, first)


def ask(question: Question, form: Format, grid: Grid) -> tuple[str, str]:
    """The user's message and the words right before the answer."""
    label_p1, label_p2 = shown_labels(form, grid)
    around, layout = grid.level("enclosure", form), grid.level("layout", form)
    options = [(label_p1, question.p1[1]), (label_p2, question.p2[1])][:: form.order_sign]
    lines = [f"{layout['prefix']}{around['open']}{label}{around['close']} {text}" for label, text in options]
    blocks = [question.text, layout["between"].join(lines), grid.level("instruction", form)]
    return "\n\n".join(blocks), grid.level("cue", form)


def read_questions(folder: Path) -> tuple[Question, ...]:
    """All items of the trade-off files in a folder, sorted by id."""
    found: list[Question] = []
    for file in sorted(folder.glob("*.yaml")):
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        found.extend(_stated(data))
        found.extend(_revealed(data))
        found.extend(_controls(data))
    return tuple(sorted(found, key=lambda question: question.id))


def read_ladder(folder: Path) -> tuple[Question, ...]:
    """What the ladder asks between the bridge and the first context cell of every scenario, sorted by id.

    The bridge itself is its cell 000, the scenario's first context cell is 111.
    """
    study = read_questions(folder)
    bridges = {q.cluster: q for q in study if q.side == "bridge"}
    found: list[Question] = []
    for file in sorted(folder.glob("*.yaml")):
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        for scene in data["revealed"]:
            cluster = f"{data['tradeoff']}/{scene['id']}"
            start = tuple((factor, next(iter(levels))) for factor, levels in scene["factors"].items())
            own = [q for q in study if q.cluster == cluster and q.context == start]
            found.extend(_between(bridges[cluster], next(q for q in own if "~mate" not in q.id)))
    return tuple(sorted(found, key=lambda question: question.id))


def read_clauses(folder: Path) -> tuple[Question, ...]:
    """Every scenario's first context cell without each of its sentences and factor phrases in turn, sorted by id.

    The closing question stays. Numbered from 1 in the order of the text.
    """
    by_id = {q.id: q for q in read_questions(folder)}
    found: list[Question] = []
    for file in sorted(folder.glob("*.yaml")):
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        for scene in data["revealed"]:
            start = {factor: next(iter(levels)) for factor, levels in scene["factors"].items()}
            cell = ",".join(f"{factor}={level}" for factor, level in start.items())
            whole = by_id[f"{data['tradeoff']}/{scene['id']}/{cell}"]
            *parts, asks = re.split(r"(?<=[.?}])\s+", scene["text"])
            for number, left_out in enumerate(parts, start=1):
                factor = left_out.strip("{}") if left_out.startswith("{{") else None
                text = " ".join([part for part in parts if part is not left_out] + [asks])
                for name, level in start.items():
                    text = text.replace("{{" + name + "}}", scene["factors"][name][level])
                rest = tuple(pair for pair in whole.context if pair[0] != factor)
                form = "factor" if factor else "sentence"
                item = f"{whole.id}~without-{number:02}"
                found.append(replace(whole, id=item, side="clauses", form=form, context=rest, text=text))
    return tuple(sorted(found, key=lambda question: question.id))


def _between(bridge: Question, scene: Question) -> Iterator[Question]:
    assert bridge.text.endswith(_FIRST), bridge.text
    assert scene.text.endswith(_DO), scene.text
    vignette, stem = scene.text.removesuffix(_DO), bridge.text.removesuffix(_FIRST)
    cells = {
        "100": (scene.id, bridge, f"{vignette}Which of the two should come first for you?"),
        "010": (scene.cluster, scene, f"{stem}, what should you do?"),
        "110": (scene.id, scene, f"{vignette}What should you do?"),
        "bare": (scene.cluster, scene, _DO),
    }
    for form, (root, worded, text) in cells.items():
        context = scene.context if root == scene.id else ()
        item = f"{root}~ladder-{form}"
        yield replace(worded, id=item, side="ladder", form=form, context=context, text=text)


def _stated(data: Mapping[str, Any]) -> Iterator[Question]:
    name, (p1, p2) = data["tradeoff"], tuple(data["principles"])
    for root in data["stated"]:
        cluster = f"{name}/{root['id']}"
        versions = [(cluster, root["text"], root["options"])]
        if "mate" in root:
            versions.append((f"{cluster}~mate", root["mate"]["text"], root["mate"]["options"]))
        for number, text in enumerate(root.get("paraphrases", []), start=1):
            versions.append((f"{cluster}~p{number}", text, root["options"]))
        for item, text, options in versions:
            towards = next(iter(options)) if root["form"] == "agree" else None
            pair = ((p1, options[p1]), (p2, options[p2]))
            yield Question(item, name, "stated", root["form"], cluster, (), text, *pair, towards)


def _revealed(data: Mapping[str, Any]) -> Iterator[Question]:
    name, (p1, p2) = data["tradeoff"], tuple(data["principles"])
    for scene in data["revealed"]:
        cluster, factors, turned = f"{name}/{scene['id']}", scene["factors"], scene.get("mate")
        for item, version, omission in [(cluster, scene, "omit"), (f"{cluster}~mate", turned, "act")]:
            if version is None:
                continue
            pair = ((p1, version["options"][p1]), (p2, version["options"][p2]))
            omits = next(key for key, kind in scene["acts"].items() if kind == omission) if turned else None
            for levels in itertools.product(*factors.values()):
                context = tuple(zip(factors, levels, strict=True))
                text = version["text"]
                for factor, level in context:
                    text = text.replace("{{" + factor + "}}", factors[factor][level])
                cell = ",".join(f"{factor}={level}" for factor, level in context)
                one = Question(f"{item}/{cell}", name, "revealed", "choice", cluster, context, text, *pair)
                yield replace(one, omits=omits)
        bridge = scene["bridge"]
        pair = ((p1, bridge["options"][p1]), (p2, bridge["options"][p2]))
        yield Question(f"{cluster}~bridge", name, "bridge", "bridge", cluster, (), bridge["text"], *pair)


def _controls(data: Mapping[str, Any]) -> Iterator[Question]:
    name = data["tradeoff"]
    for control in data["controls"]:
        cluster = f"{name}/{control['id']}"
        pair = tuple(control["options"].items())
        rest = (control["text"], pair[0], pair[1], control.get("expect"))
        yield Question(cluster, name, "control", control["kind"], cluster, (), *rest)
