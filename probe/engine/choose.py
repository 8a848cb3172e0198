"""Which reader a model is read with: the trie where it is shown to be right, else the plain one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from probe.engine.attention import TrieError
from probe.engine.exhausted import telling_out_of_memory
from probe.engine.placement import input_device
from probe.engine.rope import rope_kinds, turning_length
from probe.engine.trie import TrieReader
from probe.engine.upcast import computing_in_float32
from probe.errors import ModelError
from probe.prompts.trie import telling_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PretrainedConfig, PreTrainedModel

    from probe.prompts.pack import Pack, Prompt, PromptReading

__all__ = [
    "TOLERANCE",
    "VECTORS",
    "Choice",
    "choose_reader",
    "difference",
    "refuse_wrong_trie",
    "trie_reader",
    "uneven_width",
]

TOLERANCE = 1e-3
"""Most nats, or probability of a boundary, by which the trie may differ from one prompt in one pass, in float32."""

KINDS = frozenset({"full_attention", "sliding_attention"})
"""Kinds of layers that a trie can stand for: what a token sees is a matter of position alone."""

VECTORS = 32
"""Floats that an element-wise operation of torch computes at a time, with AVX-512."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The reader of a model and how it came to be.

    Attributes:
        reader: ``trie`` or ``plain``.
        why: In a few words.
        difference: Largest difference of the trie from one-prompt passes on the check pack, in float32; None where it
            was not tried.
    """

    reader: str
    why: str
    difference: float | None = None


def choose_reader(
    model: PreTrainedModel, name: str, boundary: NDArray[np.bool_], wanted: str, pack: Pack | None
) -> Choice:
    """Decide how a model is read. Depends on the model and the pack alone, so it may be kept.

    The trie is chosen if every layer is of a kind that it can stand for, every layer's attention passed through it
    with the window that the config states, and it agrees with one-prompt passes on the check pack.

    Args:
        model: As loaded, its projection in float32.
        name: How errors call it.
        boundary: For each token id, whether it cannot continue a word.
        wanted: As asked for: ``auto``, ``trie`` or ``plain``.
        pack: The check pack in the model's tokens; None if it has none.

    Raises:
        ModelError: The trie was asked for and cannot be used.
        NoMemoryError: The check pack does not fit.
    """
    if wanted == "plain":
        return Choice("plain", "asked for")
    choice = _try_trie(model, name, boundary, pack)
    if wanted == "trie" and choice.reader != "trie":
        raise ModelError(f"{name}: cannot be read as a trie: {choice.why}. Use --reader auto or --reader plain.")
    return choice


def refuse_wrong_trie(reader: TrieReader, pack: Pack) -> float:
    """How far the trie is from one-prompt passes on a study's own first pack, in float32.

    Raises:
        ModelError: Further than the check pack allows. The reader is never changed in the middle of a study.
    """
    found = difference(reader, pack)
    if not found <= TOLERANCE:
        raise ModelError(
            f"{reader.name}: on the study's first item the trie reader differs by {found:.2g} from one prompt at a "
            f"time (at most {TOLERANCE:g} is allowed), although the check pack agreed. Use --reader plain."
        )
    return found


def trie_reader(model: PreTrainedModel, name: str, boundary: NDArray[np.bool_], *, exact: bool = False) -> TrieReader:
    """The trie reader of a model, told where long prompts change the meaning of positions."""
    return TrieReader(model, boundary, name, exact, turning_length(_decoder(model).config))


def difference(reader: TrieReader, pack: Pack) -> float:
    """Largest difference between a pack's trie and some of its prompts in a pass each, both computed in float32.

    In float32 a right trie differs by rounding only, while in 16 bits rounding would hide a wrong one. The prompts are
    those of `probe.prompts.trie.telling_rows`, each with its longest continuation; infinite if anything is no number.
    """
    model = reader.model
    worst = 0.0
    with telling_out_of_memory(reader.name, pack.budget), computing_in_float32(model):
        readings = reader.read(pack)
        for row in telling_rows(pack):
            worst = max(worst, _apart(readings[row], pack.prompts[row], model, reader.boundary))
    return worst


def uneven_width(model: PreTrainedModel) -> int | None:
    """A width of the decoder that whole vectors do not fill, if there is one.

    What is left over at the end of an element-wise operation is computed by another code path, whose exponential is
    another in the last bit: then a node's numbers depend on whether it is the last of its trie.
    """
    for module in _decoder(model).modules():
        for weight in module.parameters(recurse=False):
            widths = weight.shape[1:] if isinstance(module, nn.Embedding) else weight.shape[-2:]
            if weight.dim() > 1 and any(width % VECTORS for width in widths):
                return next(width for width in widths if width % VECTORS)
    return None


def _try_trie(model: PreTrainedModel, name: str, boundary: NDArray[np.bool_], pack: Pack | None) -> Choice:
    refused = _refused_kind(model)
    if refused is not None or pack is None:
        return Choice("plain", refused or "the check pack cannot be asked")
    reader = trie_reader(model, name, boundary)
    try:
        found = difference(reader, pack)
    except (TrieError, ModelError) as error:
        return Choice("plain", str(error))
    except (RuntimeError, ValueError, TypeError, LookupError, AttributeError) as error:
        return Choice("plain", f"the trial failed ({type(error).__name__}: {str(error)[:120]})")
    refused = _calls_apart(reader.windows, _stated_windows(_decoder(model).config))
    if refused is None and not found <= TOLERANCE:
        refused = "it differs from one prompt at a time"
    return Choice("trie" if refused is None else "plain", refused or "it agrees with one prompt at a time", found)


def _decoder(model: PreTrainedModel) -> PreTrainedModel:
    decoder: PreTrainedModel = model.get_decoder()  # type: ignore[no-untyped-call]
    return decoder


@torch.inference_mode()
def _apart(reading: PromptReading, prompt: Prompt, model: PreTrainedModel, boundary: NDArray[np.bool_]) -> float:
    """Largest difference of a reading from one pass over the prompt and its longest continuation."""
    slot = max(range(len(prompt.continuations)), key=lambda n: (len(prompt.continuations[n]), -n))
    longest = prompt.continuations[slot]
    ids = torch.tensor([prompt.input_ids + longest], device=input_device(model))
    logits = model(input_ids=ids, use_cache=False, logits_to_keep=len(longest) + 1).logits[0]
    rows = torch.log_softmax(logits.double(), dim=-1).cpu().numpy()
    ends = np.zeros(rows.shape[1], dtype=np.bool_)
    ends[: boundary.size] = boundary[: rows.shape[1]]
    pairs = [
        (reading.top_logprob, rows[0].max()),
        (reading.boundaries[slot], np.exp(rows[-1][ends]).sum()),
        (reading.logprobs[slot], sum(rows[n, token] for n, token in enumerate(longest))),
        *((reading.logprobs[n], rows[0, one[0]]) for n, one in enumerate(prompt.continuations) if len(one) == 1),
    ]
    worst = max(abs(float(one) - float(other)) for one, other in pairs)
    return worst if np.isfinite(worst) else float("inf")


def _refused_kind(model: PreTrainedModel) -> str | None:
    """Why a model's layers are not such that a trie could stand for them; None if they seem to be."""
    decoder = _decoder(model)
    config = decoder.config
    other = sorted(set(getattr(config, "layer_types", None) or ()) - KINDS)
    if other:
        return f"it has layers of the kind {', '.join(other)}"
    if getattr(config, "alibi", False) or getattr(config, "use_bidirectional_attention", False):
        return "its attention is biased by distance or looks ahead"
    if any(isinstance(module, nn.Conv1d) for module in decoder.modules()):
        return "it has convolutions over tokens"
    if "dynamic" in rope_kinds(config):
        return "its rotary positions depend on a prompt's length"
    return None


def _stated_windows(config: PretrainedConfig) -> list[int | None]:
    """The window of each layer as the config states it."""
    window = getattr(config, "sliding_window", None) if getattr(config, "use_sliding_window", True) else None
    kinds = getattr(config, "layer_types", None)
    if kinds:
        return [getattr(config, "sliding_window", None) if kind == "sliding_attention" else None for kind in kinds]
    return [window] * int(config.num_hidden_layers)


def _calls_apart(seen: list[int | None], wanted: list[int | None]) -> str | None:
    if len(seen) != len(wanted):
        return f"{len(seen)} calls of attention were seen for {len(wanted)} layers"
    return None if seen == wanted else "its layers attend through other windows than its config states"
