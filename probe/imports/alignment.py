"""The public prompts of Gu, Wang and Han (2025), in the layout of either public repository.

References:
    arXiv 2506.00751. The repositories give no licence: bring a clone, and pass nothing of its text on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from probe.design.shape import Paraphrase, Revealed, Stated, TradeOff
from probe.errors import InputError
from probe.imports.annotation import Reading, load_annotation, load_sets, text_hash
from probe.imports.building import as_id, revealed_item, stated_item, tidied
from probe.imports.cutting import cut_options, refers_to_labels
from probe.imports.ledger import Imported, Ledger

__all__ = ["import_alignment", "published_texts"]

SOURCE = "Gu, Wang and Han (2025), arXiv 2506.00751, public prompts"
LICENCE = "none given: for your own use"

_LISTS, _VARIANTS = "base_prompt_question_list", "prompts"
_SUFFIX = "_base_prompt_questions"
_LABELS = {"letters": ("A", "B"), "yes-no": ("Yes", "No")}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A text as it will be asked."""

    reading: Reading
    text: str
    options: Mapping[str, str]
    fixed: bool
    changes: tuple[str, ...]


def import_alignment(path: Path, *, as_printed: bool = False) -> Imported:
    """Read a clone of either repository.

    The questions of a list are wordings of one root question. Attributions, which explain what happened, say nothing
    about a choice and go into trade-offs of their own, named ``SET.attributions``.

    Args:
        path: The clone's root.
        as_printed: Ask every text as it stands, also those whose options could be cut out.

    Raises:
        InputError: It holds no prompts in either layout.
    """
    ledger = Ledger()
    texts = published_texts(path)
    tradeoffs: list[TradeOff] = []
    for name in dict.fromkeys(id_.split("/")[0] for id_ in texts):
        own = {id_: text for id_, text in texts.items() if id_.startswith(f"{name}/")}
        tradeoffs += _import_set(name, own, ledger, as_printed=as_printed)
    return Imported("alignment-revisited", SOURCE, LICENCE, tuple(tradeoffs), ledger)


def published_texts(path: Path) -> dict[str, str]:
    """Every question of the lists as ``SET/q01`` ... and every variant as ``SET/key``, in order of sets.

    Raises:
        InputError: The folder holds no prompts in either layout, or a file is not what it should be.
    """
    root = next((one for one in (path, path / "dataset") if (one / _LISTS).is_dir()), None)
    if root is None:
        raise InputError(
            f"{path}: neither {_LISTS}/ nor dataset/{_LISTS}/ is there. Give the root of a clone of one of the two "
            "public repositories."
        )
    texts: dict[str, str] = {}
    for file in sorted((root / _LISTS).glob("*.json")):
        name = file.stem.removesuffix(_SUFFIX)
        questions = _content(file).get("question_list")
        if not isinstance(questions, list):
            raise InputError(f"{file}: it holds no list 'question_list'. Restore the file.")
        texts.update({f"{name}/q{n:02d}": str(text) for n, text in enumerate(questions, start=1)})
    for file in sorted((root / _VARIANTS).glob("*.json")):
        found = _content(file).items()
        texts.update({f"{file.stem}/{key}": str(text) for key, text in found if key != "base_prompt"})
    return dict(sorted(texts.items(), key=lambda pair: pair[0].split("/")[0]))


def _content(file: Path) -> dict[str, object]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: it is not JSON ({error}). Restore the file.") from None
    if not isinstance(content, dict):
        raise InputError(f"{file}: an object is expected, found {type(content).__name__}. Restore the file.")
    return content


def _import_set(name: str, texts: Mapping[str, str], ledger: Ledger, *, as_printed: bool) -> Iterator[TradeOff]:
    published = load_sets().get(name)
    if published is None:
        for id_ in texts:
            ledger.refuse(id_, "the set is not annotated: nobody has said which answer stands for which principle")
        return
    p1, p2 = published.principles
    sound = [(reading, text) for id_, text in texts.items() if (reading := _reading(id_, text, ledger)) is not None]
    asked = [_written(reading, text, (p1, p2), as_printed=as_printed) for reading, text in sound]
    for suffix, kinds in (("", False), (".attributions", True)):
        own = [one for one in asked if (one.reading.kind == "attribution") is kinds]
        tradeoff = f"{name}{suffix}"
        stated = tuple(_stated(tradeoff, [one for one in own if _is_question(one.reading.id)], ledger))
        revealed = tuple(_revealed(tradeoff, [one for one in own if not _is_question(one.reading.id)], ledger))
        if stated or revealed:
            yield TradeOff(
                tradeoff=tradeoff,
                family=f"{published.category}, attributions" if kinds else published.category,
                principles=published.principles,
                sources=(SOURCE, f"licence: {LICENCE}"),
                stated=stated,
                revealed=revealed,
            )


def _reading(id_: str, text: str, ledger: Ledger) -> Reading | None:
    """What the text's answers stand for; None, and booked, where it is left out."""
    reading = load_annotation().get(id_)
    if reading is None or text_hash(text) != reading.sha256:
        ledger.refuse(id_, "not the text that was annotated: nobody has said which answer stands for which principle")
    elif reading.first == "none":
        ledger.refuse(id_, f"its answers do not set the two principles against each other: {reading.note}")
    elif reading.duplicate_of:
        ledger.refuse(id_, f"the same words as {reading.duplicate_of}, and would count twice")
    else:
        return reading
    return None


def _written(reading: Reading, text: str, principles: tuple[str, str], *, as_printed: bool) -> _Asked:
    """The text with its answers mapped to principles."""
    plain, changes = tidied(text)
    first, second = principles if reading.first == "p1" else principles[::-1]
    cut = cut_options(plain) if reading.answers == "letters" and not as_printed else None
    if cut is None or len(cut.options) != 2 or refers_to_labels(cut.text):
        labels = _LABELS[reading.answers]
        return _Asked(reading, plain, dict(zip((first, second), labels, strict=True)), True, changes)
    options = dict(zip((first, second), cut.options, strict=True))
    return _Asked(reading, cut.text, options, False, (*changes, *cut.changes))


def _is_question(id_: str) -> bool:
    part = id_.split("/")[1]
    return part.startswith("q") and part[1:].isdigit()


def _stated(tradeoff: str, asked: list[_Asked], ledger: Ledger) -> Iterator[Stated]:
    """One root question with the others as its wordings; those asked as they stand have a root of their own."""
    for root_id, fixed in (("question", False), ("question-as-it-stands", True)):
        sound: list[tuple[_Asked, Stated]] = []
        for one in asked:
            if one.fixed is fixed:
                built = stated_item(root_id, one.text, one.options, fixed=fixed)
                if isinstance(built, str):
                    ledger.refuse(one.reading.id, built)
                else:
                    sound.append((one, built))
        for n, (one, _) in enumerate(sound):
            as_id = f"{tradeoff}/{root_id}~p{n}" if n else f"{tradeoff}/{root_id}"
            ledger.keep(one.reading.id, as_id, *one.changes)
        if sound:
            rest = tuple(Paraphrase(text=item.text, options=item.options) for _, item in sound[1:])
            yield sound[0][1].model_copy(update={"paraphrases": rest})


def _revealed(tradeoff: str, asked: list[_Asked], ledger: Ledger) -> Iterator[Revealed]:
    for one in asked:
        id_ = as_id(one.reading.id.split("/")[1])
        built = revealed_item(id_, one.text, one.options, fixed=one.fixed)
        if isinstance(built, str):
            ledger.refuse(one.reading.id, built)
        else:
            ledger.keep(one.reading.id, f"{tradeoff}/{id_}", *one.changes)
            yield built
