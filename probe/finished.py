"""Whether a run folder has everything that is asked of it, and what is said where it has to be mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from probe.planning import PlannedModel
    from probe.progress import Progress
    from probe.store.earlier import EarlierRows
    from probe.store.folder import RunFolder
    from probe.store.manifest import Manifest

__all__ = ["holds_packs", "is_finished", "log_of", "tell_mending"]


def is_finished(folder: RunFolder, manifest: Manifest, progress: Progress) -> bool:
    """Whether a run has ended with every model and pack read, and every file is still the one that it wrote.

    Tells which file is not; it is made again from the finished packs.
    """
    failed = manifest.failed_models or any(one.failed_packs for one in manifest.models.values())
    if not manifest.complete or failed:
        return False
    damaged = folder.damaged(manifest)
    for name in damaged:
        tell_mending(f"{name} is missing or damaged", progress)
    return not damaged


def tell_mending(what: str, progress: Progress) -> None:
    """Say what is being made again."""
    with progress.phase(f"mending: {what}", 1) as advance:
        advance(1)


def holds_packs(earlier: EarlierRows, planned: PlannedModel) -> bool:
    """Whether every planned pack is among the rows."""
    here = earlier.items(planned.name)
    pairs = zip(planned.sheet.items, planned.sheet.packs, strict=True)
    return all(item in here and here[item].pack == pack for item, pack in pairs)


def log_of(folder: RunFolder, begin: Manifest, progress: Progress) -> Callable[..., None]:
    """Takes the words of a line of a folder's log; what is damaged is told to the user too.

    Args:
        folder: It is made with the first line.
        begin: Its manifest then.
        progress: Where the user is told.
    """
    log = folder.log(begin)

    def line(*words: str) -> None:
        log.line(*words)
        if words[0] == "damaged":
            tell_mending(words[1], progress)

    return line
