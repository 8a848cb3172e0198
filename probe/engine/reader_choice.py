"""How a loaded model comes to its reader: tried once on the check pack and on a study's first pack, then remembered."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import torch

from probe.engine.attention import TrieError
from probe.engine.forked import ForkedReader
from probe.engine.layer_kinds import VECTORS, decoder, refused_kind, stated_windows, uneven_width, windows_differ
from probe.engine.out_of_memory import NoMemoryError, telling_out_of_memory
from probe.engine.placement import input_device
from probe.engine.plain import PlainReader
from probe.engine.rope import depends_on_length, length_of_other_angles
from probe.engine.trie import TrieReader
from probe.engine.upcast import computing_in_float32
from probe.errors import EnvironmentFault, ModelError, ProbeError
from probe.loaded_facts import ReaderFacts
from probe.prompts.trie import telling_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from probe.engine.load import LoadedModel
    from probe.prompts.pack import Pack, Prompt, PromptReading

__all__ = [
    "TOLERANCE",
    "Memory",
    "choose_reader",
    "difference",
    "open_reader",
    "refuse_wrong_reader",
    "trie_reader",
]


_DEVICE_SIGNS = re.compile(r"cuda|cublas|cudnn|hip error|rocm|xpu|accelerator|driver", re.IGNORECASE)
"""What errors of a device, and of no model, name."""

TOLERANCE = 1e-3
"""Most nats, or probability of a boundary, by which a reader may differ from one prompt in one pass, in float32."""

Reader = PlainReader | ForkedReader | TrieReader


@runtime_checkable
class Memory(Protocol):
    """Texts by key, as `probe.store.memo.Notes` keeps them; what it forgets is found out again."""

    def get(self, key: str) -> str | None:
        """What was noted under `key`, or None."""
        ...

    def put(self, key: str, value: str) -> None:
        """Note `value` under `key`."""
        ...


def open_reader(
    model: LoadedModel,
    boundary: NDArray[np.bool_],
    wanted: str,
    check: Pack | None,
    first: Pack,
    memory: tuple[Memory, str],
) -> tuple[Reader, ReaderFacts]:
    """The reader of a model, and why it is this one.

    Args:
        model: As loaded.
        boundary: For each token id, whether it cannot continue a word.
        wanted: As asked for: ``auto``, ``trie`` or ``plain``, or ``exact`` for the trie in exact mode.
        check: The check pack in the model's tokens, if it has one.
        first: The study's first pack.
        memory: Where decisions are remembered, and the key of everything that they depend on beside the packs.

    Raises:
        EnvironmentFault: Exact mode was asked for weights that are not float32, or whose widths fill no vectors.
        ModelError: The trie was asked for and cannot be used, or reads the first pack differently than one prompt at
            a time.
        NoMemoryError: One of the packs does not fit.
    """
    notes, key = memory
    exact = wanted == "exact"
    if exact and model.weights.dtype != "float32":
        raise EnvironmentFault(
            f"{model.name}: --exact holds for float32 alone, and its weights are {model.weights.dtype}. "
            "Use --dtype float32."
        )
    uneven = uneven_width(model.model) if exact else None
    if uneven is not None:
        raise EnvironmentFault(
            f"{model.name}: --exact holds for models whose widths are multiples of {VECTORS}, and one of its layers "
            f"has {uneven}: what fills no vector is computed in another way. Leave --exact out."
        )
    checked = f"{key}/{check.sha256 if check else 'none'}"
    choice = _remembered_choice(notes.get(checked))
    if choice is None:
        choice = choose_reader(model.model, model.name, boundary, "trie" if exact else wanted, check)
        notes.put(checked, json.dumps(asdict(choice)))
    if choice.reader == "plain":
        return PlainReader(model.model, boundary, model.name), choice
    reader = (
        ForkedReader(model.model, boundary, model.name)
        if choice.reader == "forked"
        else trie_reader(model.model, model.name, boundary, exact=exact)
    )
    agreed = _remembered_number(notes.get(f"{key}/{first.sha256}"))
    difference = refuse_wrong_reader(reader, first) if agreed is None else agreed
    notes.put(f"{key}/{first.sha256}", json.dumps(difference))
    return reader, replace(choice, reader="exact" if exact else choice.reader, first_difference=difference)


def _remembered_choice(note: str | None) -> ReaderFacts | None:
    """The choice that a note holds; None if it holds something else."""
    try:
        choice = ReaderFacts(**json.loads(note or ""))
    except (ValueError, TypeError, RecursionError):
        return None
    known = choice.reader in ("trie", "forked", "plain") and isinstance(choice.reader_why, str)
    return choice if known and isinstance(choice.check_difference, float | None) else None


def _remembered_number(note: str | None) -> float | None:
    """The number that a note holds; None if it holds something else."""
    try:
        content = json.loads(note or "")
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, float) and 0 <= content <= TOLERANCE else None


def choose_reader(
    model: PreTrainedModel, name: str, boundary: NDArray[np.bool_], wanted: str, pack: Pack | None
) -> ReaderFacts:
    """Decide how a model is read. Depends on the model and the pack alone, so it may be kept.

    The trie is chosen if every layer is of a kind that it can stand for, every layer's attention passed through it
    with the window that the config states, and it agrees with one-prompt passes on the check pack. Else the state of a
    pack's common beginning is forked, if that agrees with them.

    Args:
        model: As loaded, its projection in float32.
        name: How errors call it.
        boundary: For each token id, whether it cannot continue a word.
        wanted: As asked for: ``auto``, ``trie`` or ``plain``.
        pack: The check pack in the model's tokens; None if it has none.

    Raises:
        ModelError: The trie was asked for and cannot be used, or its trial broke off.
        EnvironmentFault: The check pack does not fit into memory, or the device failed.
    """
    if wanted == "plain":
        return ReaderFacts("plain", "asked for")
    choice = _try_trie(model, name, boundary, pack)
    if wanted == "trie" and choice.reader != "trie":
        raise ModelError(f"{name}: cannot be read as a trie: {choice.reader_why}. Use --reader auto or --reader plain.")
    return choice if choice.reader == "trie" or pack is None else _try_forked(model, name, boundary, pack, choice)


def refuse_wrong_reader(reader: ForkedReader | TrieReader, pack: Pack) -> float:
    """How far a reader is from one-prompt passes on a study's own first pack, in float32.

    Raises:
        ModelError: Further than the check pack allows. The reader is never changed in the middle of a study.
    """
    found = difference(reader, pack)
    if not found <= TOLERANCE:
        raise ModelError(
            f"{reader.name}: on the study's first item the {_kind(reader)} reader differs by {found:.2g} from one "
            f"prompt at a time (at most {TOLERANCE:g} is allowed), although the check pack agreed. Use --reader plain."
        )
    return found


def trie_reader(model: PreTrainedModel, name: str, boundary: NDArray[np.bool_], *, exact: bool = False) -> TrieReader:
    """The trie reader of a model, told where long prompts change the meaning of positions."""
    return TrieReader(model, boundary, name, exact, length_of_other_angles(decoder(model).config))


def _kind(reader: ForkedReader | TrieReader) -> str:
    return "trie" if isinstance(reader, TrieReader) else "forked"


def difference(reader: ForkedReader | TrieReader, pack: Pack) -> float:
    """Largest difference between a pack and some of its prompts in a pass each, both computed in float32.

    In float32 a right reader differs by rounding only, while in 16 bits rounding would hide a wrong one. The prompts
    are those of `probe.prompts.trie.telling_rows`, each with its longest continuation; infinite if anything is no
    number.
    """
    model = reader.model
    worst = 0.0
    with telling_out_of_memory(reader.name, pack.budget), computing_in_float32(model):
        readings = reader.read(pack)
        for row in telling_rows(pack):
            worst = max(worst, _difference(readings[row], pack.prompts[row], model, reader.boundary))
    return worst


def _try_trie(model: PreTrainedModel, name: str, boundary: NDArray[np.bool_], pack: Pack | None) -> ReaderFacts:
    refused = refused_kind(model)
    if refused is not None or pack is None:
        return ReaderFacts("plain", refused or "the check pack cannot be asked")
    reader = trie_reader(model, name, boundary)
    failed: ProbeError | None = None
    try:
        found = difference(reader, pack)
    except (TrieError, ModelError) as error:
        return ReaderFacts("plain", str(error))
    except (ValueError, TypeError, LookupError, AttributeError) as error:  # the model's code, as it is built
        return ReaderFacts("plain", f"its code takes no trie ({type(error).__name__}: {str(error)[:120]})")
    except NoMemoryError as error:  # whose pack no smaller budget makes smaller
        failed = EnvironmentFault(f"{error} The pack that readers are tried on does not fit beside the weights.")
    except RuntimeError as error:
        failed = _broken_off(name, error)
    if failed is not None:  # raised outside of the handler: a traceback would keep tensors alive
        raise failed
    refused = windows_differ(reader.windows, stated_windows(decoder(model).config))
    if refused is None and not found <= TOLERANCE:
        refused = "it differs from one prompt at a time"
    return ReaderFacts("trie" if refused is None else "plain", refused or "it agrees with one prompt at a time", found)


def _try_forked(
    model: PreTrainedModel, name: str, boundary: NDArray[np.bool_], pack: Pack, plain: ReaderFacts
) -> ReaderFacts:
    """Whether the state of a pack's beginning can be forked where there can be no trie; else `plain`."""
    config = decoder(model).config
    if depends_on_length(config) or length_of_other_angles(config) is not None:
        return plain
    failed: ProbeError | None = None
    try:
        found = difference(ForkedReader(model, boundary, name), pack)
    except (ModelError, ValueError, TypeError, LookupError, AttributeError):
        return plain
    except NoMemoryError as error:
        failed = EnvironmentFault(f"{error} The pack that readers are tried on does not fit beside the weights.")
    except RuntimeError as error:
        failed = _broken_off(name, error)
    if failed is not None:
        raise failed
    if not found <= TOLERANCE:
        return plain
    why = f"no trie, for {plain.reader_why}; forked it agrees with one prompt at a time"
    return ReaderFacts("forked", why, found)


def _broken_off(name: str, error: Exception) -> ProbeError:
    """A trial that says nothing of the reader, and so is neither a choice nor remembered."""
    reason = f"{type(error).__name__}: {str(error)[:200]}"
    if _DEVICE_SIGNS.search(reason):
        return EnvironmentFault(
            f"{name}: the device failed while a reader was tried ({reason}). Run the same command again; if this comes "
            "back, look at the device and its driver."
        )
    return ModelError(f"{name}: the trial of its reader broke off ({reason}). Use --reader plain.")


@torch.inference_mode()
def _difference(reading: PromptReading, prompt: Prompt, model: PreTrainedModel, boundary: NDArray[np.bool_]) -> float:
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
