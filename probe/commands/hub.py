"""What only the hub knows of a model, and fetching one whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from probe.engine.hub import download, missing_weights, reported
from probe.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["HubFacts", "ask_hub", "fetch"]

SECONDS = 20.0
"""How long the hub may take to answer a question."""


@dataclass(frozen=True, slots=True)
class HubFacts:
    """What only the hub knows of a model.

    Attributes:
        commit: 40 hexadecimal digits.
        gated: Whether its licence must be accepted first; None if the hub does not say.
        licence: As its page names it, or None.
    """

    commit: str
    gated: bool | None
    licence: str | None


def ask_hub(hub_id: str, name: str, revision: str | None) -> HubFacts:
    """Ask for the commit, gate and licence of a model at a branch, tag or commit; None means its main branch.

    Raises:
        ModelError: The hub has no such model or revision, or it is gated.
        EnvironmentFault: The hub cannot be reached.
    """
    from huggingface_hub import HfApi  # noqa: PLC0415  imported where the hub is meant

    with reported(hub_id, name, revision):
        info = HfApi().model_info(hub_id, revision=revision, timeout=SECONDS)
        if info.sha is None:
            raise ModelError(f"{name}: the hub names no commit of {hub_id}. Try again, or give --revision.")
        about = info.card_data
        licence = getattr(about, "license", None)
        if licence == "other":
            licence = getattr(about, "license_name", None)
        gated = None if info.gated is None else bool(info.gated)
        return HubFacts(info.sha, gated, licence if isinstance(licence, str) else None)


def fetch(hub_id: str, name: str, revision: str | None) -> Path:
    """Fetch a model into the hub's cache, also where an older state of its branch lies there; tell its folder.

    Raises:
        ModelError: The hub has no such model or revision, it is gated, or it has no complete safetensors.
        EnvironmentFault: The hub cannot be reached, or the disk is full.
    """
    folder = download(hub_id, name, revision)
    missing = missing_weights(folder)
    if missing is not None:
        raise ModelError(
            f"{name}: {hub_id} was fetched, but {missing} is not among its files. Choose a --revision that has "
            "complete safetensors, or run the same command again if the download was cut short."
        )
    return folder
