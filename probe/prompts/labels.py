"""Which token sequences are a label, after exactly this prompt. Never encodes a label alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from probe.errors import TokenPlanError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from probe.prompts.pack import TokenIds

__all__ = ["LabelPlan", "common_prefix", "form_texts", "plan_labels"]


@dataclass(frozen=True, slots=True)
class LabelPlan:
    """How the labels can follow one prompt.

    Attributes:
        forced_prefix: Longest token prefix that all forms of all labels share; may be empty.
        forms: For each label, in the order given, its distinct forms after the forced prefix.
    """

    forced_prefix: TokenIds
    forms: tuple[tuple[TokenIds, ...], ...]


def form_texts(label: str, opening: str) -> tuple[str, ...]:
    """Surface forms of a label: bare, space-led, and both with an opening enclosure where one may still come.

    Example:
        >>> form_texts("A", "(")
        ('A', ' A', '(A', ' (A')
    """
    bare = (label, f" {label}")
    return (*bare, f"{opening}{label}", f" {opening}{label}") if opening else bare


def plan_labels(
    prompt_ids: TokenIds, joint_ids: Sequence[Sequence[TokenIds]], labels: Sequence[str], where: str, tail: str
) -> LabelPlan:
    """Keep the forms that continue the prompt, force their common prefix, and check that they exclude each other.

    Args:
        prompt_ids: Ids of the prompt alone.
        joint_ids: For each label, the ids of prompt and form encoded together, per form.
        labels: The labels' texts, for errors.
        where: What errors call the prompt.
        tail: The end of the prompt's text, for errors.

    Raises:
        TokenPlanError: A label has no form that leaves the prompt's ids unchanged, or one label begins another.
    """
    kept = [_continuing(prompt_ids, forms) for forms in joint_ids]
    for label, forms in zip(labels, kept, strict=True):
        if not forms:
            raise TokenPlanError(
                f"{where}: label {label!r} merges with the end of the prompt {tail!r}. "
                "Choose another cue or label set, or move white space from the cue's end into the label."
            )
    _refuse_nested(kept, labels, where)
    prefix = common_prefix([form for forms in kept for form in forms])
    return LabelPlan(prefix, tuple(tuple(form[len(prefix) :] for form in forms) for forms in kept))


def common_prefix(sequences: Sequence[TokenIds]) -> TokenIds:
    """Longest prefix shared by all sequences.

    Example:
        >>> common_prefix([(5, 1), (5, 2, 3)])
        (5,)
    """
    shortest = min(sequences, key=len)
    for i, token in enumerate(shortest):
        if any(sequence[i] != token for sequence in sequences):
            return shortest[:i]
    return shortest


def _continuing(prompt_ids: TokenIds, joint: Sequence[TokenIds]) -> list[TokenIds]:
    """Distinct forms that leave the prompt alone; a form that begins with another form is already counted in it."""
    size = len(prompt_ids)
    forms = dict.fromkeys(ids[size:] for ids in joint if ids[:size] == prompt_ids and len(ids) > size)
    return [form for form in forms if not any(form != other and form[: len(other)] == other for other in forms)]


def _refuse_nested(kept: Sequence[Sequence[TokenIds]], labels: Sequence[str], where: str) -> None:
    for i, forms in enumerate(kept):
        for j, others in enumerate(kept):
            if i != j and any(form[: len(other)] == other for form in forms for other in others):
                raise TokenPlanError(
                    f"{where}: label {labels[i]!r} begins with the tokens of label {labels[j]!r}, so its probability "
                    "is part of the other's. Choose labels of which neither begins the other."
                )
