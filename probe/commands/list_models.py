"""The models that are known by name, and what memory they need."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from probe.design.models import load_models
from probe.design.sizes import SPARE_GIB, fitting, memory
from probe.design.typed_yaml import listed
from probe.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from probe.design.models import ModelEntry

__all__ = ["list_models", "models_json"]


def list_models(models_file: Path | None, fits: float | None = None, family: str | None = None) -> str:
    """A line per model: kind, size, memory of its weights, licence, where it lies; then what the signs mean.

    Args:
        models_file: The user's own models.yaml.
        fits: Only models that fit into so many GiB, with the way of loading that changes them least.
        family: Only this family, or those whose name begins so.

    Raises:
        InputError: There is no such family, or no such size.
        ModelError: A file is wrong.
    """
    entries = _chosen(models_file, fits, family)
    shown = [one for one in entries if fits is None or fitting(one, fits)]
    lines = [_line(one, fits) for one in shown]
    notes = ["? nobody has compared this with the model's page or files; `probe check` does what can be done."]
    notes += ["GiB are those of the weights, by parameters and dtype; 16 bits where no dtype is stated."]
    if fits is not None:
        unknown = [one.id for one in entries if one.params_b is None]
        notes += [f"{len(shown)} of {len(entries)} models fit into {fits:g} GiB with {SPARE_GIB:g} GiB to work in."]
        notes += [f"size not stated, so left out: {', '.join(unknown)}"] if unknown else []
    return "\n".join([*lines, "", *notes])


def models_json(models_file: Path | None, fits: float | None = None, family: str | None = None) -> str:
    """The same for other tools: the entries, their memory in GiB by way of loading, and which way fits."""
    content = []
    for entry in _chosen(models_file, fits, family):
        way = fitting(entry, fits) if fits is not None else None
        if fits is None or way is not None:
            content.append({**entry.model_dump(mode="json"), "memory_gib": memory(entry), "fits": way})
    return json.dumps(content, indent=1, ensure_ascii=False)


def _chosen(models_file: Path | None, fits: float | None, family: str | None) -> Sequence[ModelEntry]:
    if fits is not None and not 0 < fits < float("inf"):
        raise InputError(f"--fits {fits:g}: is no amount of memory. Give the GiB of a GPU, such as 24.")
    entries = list(load_models(models_file).values())
    if family is None:
        return entries
    wanted = family.lower()
    exact = [one for one in entries if one.family.lower() == wanted]
    found = exact or [one for one in entries if one.family.lower().startswith(wanted)]
    if not found:
        known = sorted({one.family for one in entries})
        raise InputError(f"--family {family}: no model is of it. Families are {listed(known)}: name one of them.")
    return found


def _line(entry: ModelEntry, fits: float | None) -> str:
    if entry.params_b is None:
        size = "size not stated"
    else:
        active = f", {entry.active_b:g} active" if entry.active_b is not None else ""
        size = f"{entry.params_b:g} B{active}{_mark(entry, 'params_b')}"
    ways = {way: needed for way, needed in memory(entry).items() if needed is not None}
    if fits is not None:
        ways = {way: needed for way, needed in ways.items() if way == fitting(entry, fits)}
    room = ", ".join(f"{needed:.1f} GiB{'' if way == 'none' else f' as {way}'}" for way, needed in ways.items())
    gated = {True: f"gated{_mark(entry, 'gated')}", False: "", None: "gated: not known"}[entry.gated]
    parts = [f"{entry.licence}{_mark(entry, 'licence')}", gated, entry.hub or "local"]
    about = "; ".join(part for part in parts if part)
    return f"{entry.id:31} {entry.kind:9} {size:>22}  {room or '-':40}  {about}".rstrip()


def _mark(entry: ModelEntry, name: str) -> str:
    return "?" if name in entry.unverified else ""
