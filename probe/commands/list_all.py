"""What ships under a name: suites, models and designs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from probe.commands.list_models import list_models, models_json
from probe.commands.list_scenarios import list_scenarios, scenarios_json
from probe.design.axes import design_names, load_design
from probe.design.models import load_models
from probe.design.suites import suite_names
from probe.design.typed_yaml import did_you_mean
from probe.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["list_all"]


def list_all(
    kind: str, models_file: Path | None, *, as_json: bool, fits: float | None = None, family: str | None = None
) -> str:
    """All of a kind, or the names of every kind where none is given.

    Args:
        kind: suites, models, designs, or empty.
        models_file: The user's own models.yaml.
        as_json: For other tools.
        fits: Only models that fit into so many GiB.
        family: Only models of this family.

    Raises:
        InputError: There is no such kind, or it is not that of which the other arguments speak.
        ModelError: A file of models is wrong.
    """
    if kind != "models" and (fits is not None or family is not None):
        raise InputError("--fits and --family: choose among models. Write `probe list models` with them.")
    if kind == "suites":
        return scenarios_json(("all",)) if as_json else list_scenarios(("all",))
    if kind == "models":
        return (models_json if as_json else list_models)(models_file, fits, family)
    if kind == "designs":
        counts = {name: len(load_design(name).variants()) for name in design_names()}
        return json.dumps(counts) if as_json else "\n".join(f"{name}: {n} formats" for name, n in counts.items())
    if kind:
        hint = did_you_mean(kind, ("suites", "models", "designs"))
        raise InputError(f"probe list {kind}: is no kind of thing. Use suites, models or designs.{hint}")
    names = {"suites": suite_names(), "designs": design_names(), "models": tuple(load_models(models_file))}
    if as_json:
        return json.dumps({key: list(found) for key, found in names.items()})
    return "\n".join(f"{key}: {', '.join(found)}" for key, found in names.items())
