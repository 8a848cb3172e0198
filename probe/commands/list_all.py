"""What ships under a name: suites, models and designs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from probe.commands.list_models import list_models, models_json
from probe.commands.list_scenarios import list_scenarios, scenarios_json
from probe.design.axes import design_names, load_design
from probe.design.models import load_models
from probe.design.suites import suite_names
from probe.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["list_all"]


def list_all(kind: str, models_file: Path | None, *, as_json: bool) -> str:
    """All of a kind, or the names of every kind where none is given.

    Raises:
        InputError: There is no such kind.
        ModelError: A file of models is wrong.
    """
    if kind == "suites":
        return scenarios_json(("all",)) if as_json else list_scenarios(("all",))
    if kind == "models":
        return models_json(models_file) if as_json else list_models(models_file)
    if kind == "designs":
        counts = {name: len(load_design(name).variants()) for name in design_names()}
        return json.dumps(counts) if as_json else "\n".join(f"{name}: {n} formats" for name, n in counts.items())
    if kind:
        raise InputError(f"probe list {kind}: is no kind of thing. Use suites, models or designs.")
    names = {"suites": suite_names(), "designs": design_names(), "models": tuple(load_models(models_file))}
    if as_json:
        return json.dumps({key: list(found) for key, found in names.items()})
    return "\n".join(f"{key}: {', '.join(found)}" for key, found in names.items())
