"""Pinning a model to a commit, and fetching it for use without a network."""

from __future__ import annotations

import codecs
import os
from pathlib import Path

from probe.commands.hub import ask_hub, fetch
from probe.design.data import PACKAGE, data_path
from probe.design.models import load_models, read_models_text, resolve_model
from probe.design.pinning import entry_text, pinned
from probe.errors import EnvironmentFault, ModelError
from probe.store.atomic import write_bytes

__all__ = ["pin", "pull"]


def pin(model: str, models_file: Path | None, revision: str | None = None) -> str:
    """Look up a commit and write it into the models file that holds the entry; else the entry to write, as text.

    Args:
        model: Id of an entry.
        models_file: The user's own file; None for the shipped one.
        revision: Branch, tag or commit; None for the main branch.

    Raises:
        ModelError: There is no such entry, it is no model of the hub, or the hub does not give it.
        EnvironmentFault: The hub cannot be reached, or the file cannot be written.
    """
    entry = resolve_model(model, load_models(models_file)).entry
    if entry is None:
        raise ModelError(f"model '{model}': has no entry to pin. Give --revision to `probe run`, or add an entry.")
    if entry.hub is None:
        raise ModelError(f"{entry.id}: is a folder, and only what comes from the hub has a commit. Nothing to pin.")
    path = models_file if models_file is not None and entry.id in _own_ids(models_file) else data_path("models.yaml")
    shipped = path != models_file
    text = _text(path)
    commit = ask_hub(entry.hub, entry.id, revision).commit
    after = pinned(text, path.name, entry.id, commit)
    if shipped and (models_file is not None or not _open_for_writing(path)):
        lines = entry_text(after, path.name, entry.id)
        return f"# into a file of your own, below `models:`; give it with --models\n{lines}"
    encoding = "utf-8-sig" if path.read_bytes().startswith(codecs.BOM_UTF8) else "utf-8"
    try:
        write_bytes(path.resolve(), after.encode(encoding))
    except EnvironmentFault as error:
        raise EnvironmentFault(
            f"{path}: cannot be written. Write 'revision: {commit}' into the entry '{entry.id}' by hand."
        ) from error
    return f"{path}: {entry.id} is pinned to {commit}"


def pull(model: str, models_file: Path | None, revision: str | None = None) -> str:
    """Download a model into the hub's cache, and say where it lies.

    Raises:
        ModelError: It is no model of the hub, or the hub does not give it.
        EnvironmentFault: The hub cannot be reached, or the disk is full.
    """
    spec = resolve_model(model, load_models(models_file))
    if isinstance(spec.source, Path):
        raise ModelError(f"{spec.name}: is a folder, so it is here already. Nothing to fetch.")
    folder = fetch(spec.source, spec.name, revision or spec.revision)
    files = [path for path in folder.iterdir() if path.is_file()]
    gib = sum(path.stat().st_size for path in files) / 2**30
    return (
        f"{spec.name}: {len(files)} files, {gib:.2f} GiB, commit {folder.name}\n{folder}\n"
        f"`probe run {model} --offline` reads it from there"
    )


def _own_ids(models_file: Path) -> set[str]:
    """Ids of the entries in the user's file itself."""
    return set(read_models_text(_text(models_file), models_file.name))


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8-sig")


def _open_for_writing(path: Path) -> bool:
    """Whether a shipped file is a repository's own, not a part of an installed package."""
    return PACKAGE not in path.resolve().parents and os.access(path, os.W_OK)
