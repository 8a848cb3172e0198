"""Reading one prompt of one's own: exact log-probabilities of texts that may follow it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probe.design.models import load_models, resolve_model
from probe.engine.precision import Precision
from probe.errors import InputError, TokenPlanError
from probe.prompts.pack import Prompt
from probe.study.sources import open_model, resolve_source

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["read"]


def read(
    model: str,
    text: str,
    continuations: Sequence[str],
    *,
    dtype: str = "auto",
    device: str | None = None,
    offline: bool = False,
) -> tuple[float, ...]:
    """Natural log-probability of each continuation as a whole, right after a raw text, over the whole vocabulary.

    The text is encoded as the tokenizer encodes raw text (with its BOS, if it has one), each continuation jointly with
    it; no chat template, no cue, no other form of a continuation.

    Args:
        model: models.yaml id, hub id or folder.
        text: What the model gets.
        continuations: Texts that may follow, with their leading space.
        dtype: As in `run`.
        device: As in `run`.
        offline: Never reach for the hub.

    Raises:
        InputError: The text has no token, or is too long.
        TokenPlanError: A continuation changes the tokens of the text.
        ModelError: The model cannot be found or loaded.

    Example:
        >>> read("models/stories260K", "a little girl named Lily.", [" She", " He"])  # doctest: +SKIP
        (-0.1034, -7.0835)
    """
    from probe.engine.load import loaded  # noqa: PLC0415  torch is loaded when something is read
    from probe.engine.placement import choose_device  # noqa: PLC0415
    from probe.engine.plain import read_alone  # noqa: PLC0415

    source = resolve_source(resolve_model(model, load_models(None)), None, offline=offline)
    encoder, _, limit = open_model(source)
    ids = encoder.raw_prefix + encoder.encode([text])[0]
    if not ids:
        raise InputError(f"{source.name}: the text {text!r} has no token that anything could follow. Give a text.")
    joint = [encoder.raw_prefix + one for one in encoder.encode([text + more for more in continuations])]
    for more, one in zip(continuations, joint, strict=True):
        if one[: len(ids)] != ids or len(one) == len(ids):
            raise TokenPlanError(
                f"{source.name}: {more!r} merges with the end of the text {text[-24:]!r}. Move white space from the "
                "end of the text to the start of the continuation."
            )
        if limit is not None and len(one) > limit:
            raise InputError(f"{source.name}: {len(one)} tokens do not fit into the model's {limit}. Shorten the text.")
    prompt = Prompt(ids, tuple(one[len(ids) :] for one in joint))
    where, precision = source.snapshot.folder, Precision(dtype)
    with loaded(where, source.name, precision=precision, device=choose_device(device)) as model_:
        return read_alone(model_.model, prompt)
