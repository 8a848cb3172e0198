"""A name that was given for one kind of thing and is one of another."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from probe.design.axes import design_names
from probe.design.models import load_models
from probe.design.suites import split_names, suite_kinds
from probe.design.typed_yaml import did_you_mean
from probe.errors import ModelError, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["telling_kinds", "telling_near_model"]

_GIVE = {"model": "give it as MODEL, without a flag", "design": "give it with --design"}


@contextmanager
def telling_kinds(asked: str, words: Sequence[str], models_file: Path | None = None) -> Iterator[None]:
    """Add to an error about a name that the name is one of another kind, and how that is given.

    A word that only comes near such a name adds nothing: what is suggested is of the kind that was asked for.

    Args:
        asked: What the words were given for: model, suite or design.
        words: What was given.
        models_file: The user's own models.

    Raises:
        ProbeError: As inside.
    """
    try:
        yield
    except (ModelError, ScenarioError) as error:
        kinds = {"model": load_models(models_file), **suite_kinds(), "design": design_names()}
        own = suite_kinds().keys() if asked == "suite" else {asked}
        others = {kind: names for kind, names in kinds.items() if kind not in own}
        wrong = [word for word in split_names(words) if not any(word in kinds[kind] for kind in own)]
        hint = next((reported for word in wrong if (reported := _kind_of(word, others))), "")
        raise type(error)(f"{error}{hint}") from None


@contextmanager
def telling_near_model(words: Sequence[str], models: Collection[str]) -> Iterator[None]:
    """Add to an error about suites which model is near a word, for a verb that takes both.

    Raises:
        ProbeError: As inside.
    """
    try:
        yield
    except ScenarioError as error:
        near = next((reported for word in split_names(words) if (reported := did_you_mean(word, models))), "")
        if not near or "Did you mean" in str(error):
            raise
        raise ScenarioError(f"{error}{near.replace('mean ', 'mean the model ')}") from None


def _kind_of(word: str, kinds: Mapping[str, Collection[str]]) -> str:
    """What a word is, and how it is given; empty where it is nothing.

    Example:
        >>> _kind_of("gift", {"suite": ["demo"], "trade-off": ["gift"]})
        " 'gift' is a trade-off: give it with --suite."
        >>> _kind_of("gifts", {"trade-off": ["gift"]})
        ''
    """
    for kind, names in kinds.items():
        if word in names:
            return f" '{word}' is a {kind}: {_GIVE.get(kind, 'give it with --suite')}."
    return ""
