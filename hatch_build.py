"""Puts models.yaml and the scenarios into the wheel; an editable install reads them from the repository instead."""

from __future__ import annotations

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

__all__ = ["PackageData"]


class PackageData(BuildHookInterface):  # type: ignore[type-arg]
    """Hatchling's own force-include would also copy the files beside an editable install, where they go stale."""

    def initialize(self, version: str, build_data: dict[str, object]) -> None:
        """Add the data to every build that is not editable."""
        if version != "editable":
            build_data["force_include"] = {"models.yaml": "probe/data/models.yaml", "scenarios": "probe/data/scenarios"}
