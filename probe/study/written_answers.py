"""Readings compared with written answers: which cells, what their prompts are, and the table they come to."""

from __future__ import annotations

import hashlib
import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from probe.errors import StudyError
from probe.prompts.chat import without_cue
from probe.prompts.pieces import encode_scripts
from probe.prompts.plan import ItemPlan, plan_item
from probe.prompts.written import read_answer
from probe.store.schema import MODEL_ITEM_VARIANT, WRITTEN
from probe.study.answer_cache import WRITTEN_TOKENS, Writing, kept_answers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from probe.design.axes import Design
    from probe.design.items import Item, Variant
    from probe.prompts.pack import TokenIds
    from probe.prompts.plan import PromptPlan
    from probe.store.folder import RunFolder
    from probe.store.memo import Notes
    from probe.study.merge import ReadModel
    from probe.study.planning import AskedModel
    from probe.study.resolve import Study

__all__ = ["SIDES", "WrittenCell", "choose_cells", "holds_answers", "merge_answers", "writing_of", "written_rows"]

SIDES = ("stated", "bridge", "revealed")
"""Sides of which answers are written; controls have right answers of their own."""

_LOGPROBS = {role: f"logprob_{role}" for role in ("p1", "p2", "neutral")}


@dataclass(frozen=True, slots=True)
class WrittenCell:
    """A cell whose answer is written.

    Attributes:
        item: What is asked.
        prompt: Its prompt as it is read, with the cue.
        input_ids: The prompt that is written to: the same without the cue.
    """

    item: Item
    prompt: PromptPlan
    input_ids: TokenIds


def choose_cells(study: Study, model: AskedModel, refused: Collection[str]) -> tuple[WrittenCell, ...]:
    """As many cells of each side as the study wants answers to, or all; the same for the same study.

    Cells are taken in the order of a hash of item and variant, without regard to what was read. Of variants that
    differ in their cue alone one is taken, and a prompt that leaves no room for an answer in the context is passed
    over.

    Args:
        study: What is asked.
        model: How the model is asked.
        refused: Items that its context cannot hold.
    """
    wanted = study.request.validate
    cells: list[WrittenCell] = []
    for side in SIDES if wanted else ():
        items = [item for item in study.items if item.side == side and item.id not in refused]
        ranked = _ranked(items, study.design, 2 * wanted)
        taken = (cell for item, variant in ranked if (cell := _cell(study, model, item, variant)) is not None)
        cells += [cell for _, cell in zip(range(wanted), taken, strict=False)]
    return tuple(cells)


def writing_of(cells: Sequence[WrittenCell], model: AskedModel) -> Writing:
    """What the model is asked to write."""
    return Writing(tuple(cell.input_ids for cell in cells), model.encoder.tokenizer.eos_token_id)


def holds_answers(folder: RunFolder, name: str, cells: Sequence[WrittenCell]) -> bool:
    """Whether a run folder has an answer of a model to every cell."""
    rows = folder.written() if cells else WRITTEN.empty_table()
    own = rows.filter(pc.equal(rows["model"], name))
    here = set(zip(own["item"].to_pylist(), own["variant"].to_pylist(), strict=True))
    return here >= {(cell.item.id, cell.prompt.variant.id) for cell in cells}


def merge_answers(
    folder: RunFolder,
    vouched: str | None,
    models: Mapping[str, AskedModel],
    read: Mapping[str, ReadModel],
    cells: Mapping[str, Sequence[WrittenCell]],
    notes: Notes,
) -> None:
    """Write ``validation.parquet`` from what is kept; readings must be in place. Without answers there is no file.

    Answers of models that could not be read now stay, and so do those of models that were asked for none now, if their
    readings are the same.

    Args:
        folder: The run folder.
        vouched: sha256 that the table of answers must have for what is in it to stay.
        models: How each model is asked.
        read: Models whose readings are of now.
        cells: What each has written to.
        notes: Where answers are kept.

    Raises:
        StudyError: An answer is gone from the cache.
    """
    before = folder.written() if folder.holds("validation.parquet", vouched) else WRITTEN.empty_table()
    tables = [
        before.filter(pc.equal(before["model"], name))
        for name in before["model"].unique().to_pylist()
        if name not in read or (read[name].trusted and not cells.get(name))
    ]
    for name, model in read.items():
        if cells.get(name):
            answers = kept_answers(writing_of(cells[name], models[name]), notes, model.shards.engine)
            if answers is None:
                raise StudyError(f"{name}: written answers are gone from the cache. Run the command again.")
            tables.append(written_rows(models[name], cells[name], answers, folder.path / "readings.parquet"))
    if tables or before.num_rows:
        rows = pa.concat_tables([*tables, WRITTEN.empty_table()])
        folder.write_written(rows.sort_by([(key, "ascending") for key in MODEL_ITEM_VARIANT]).combine_chunks())


def written_rows(
    model: AskedModel, cells: Sequence[WrittenCell], answers: Sequence[TokenIds], readings: Path
) -> pa.Table:
    """Rows of ``validation.parquet``.

    Args:
        model: How it was asked.
        cells: What it has written to.
        answers: The tokens that it has written, in the same order.
        readings: The file of the study's readings.
    """
    read = {(row["item"], row["variant"]): row for row in _readings_of(model.name, cells, readings)}
    rows = [
        _row(model, cell, answer, read[cell.item.id, cell.prompt.variant.id])
        for cell, answer in zip(cells, answers, strict=True)
    ]
    return pa.Table.from_pylist(rows, schema=WRITTEN)


def _ranked(items: Sequence[Item], design: Design, most: int) -> Iterator[tuple[Item, Variant]]:
    """Pairs in the order of their hash; of those that differ in their cue alone the first."""

    def keyed() -> Iterator[tuple[str, int, str]]:
        for at, item in enumerate(items):
            for variant in design.variants_of(item):
                yield hashlib.sha256(f"{item.id}\t{variant.id}".encode()).hexdigest(), at, variant.id

    known = {variant.id: variant for item in items for variant in design.variants_of(item)}
    cues = {variant["cue"] for variant in known.values()}
    seen: set[tuple[str, str]] = set()
    for _, at, of in heapq.nsmallest(most * len(cues), keyed()):
        before, _, cue = of.rpartition(",cue=")
        asked = (items[at].id, f"{before}{cue.removeprefix(known[of]['cue'])}")
        if asked not in seen:
            seen.add(asked)
            yield items[at], known[of]


def _cell(study: Study, model: AskedModel, item: Item, variant: Variant) -> WrittenCell | None:
    encoder, style = model.encoder, model.style
    plan = plan_item(encoder, style, item, [variant], study.design.levels, limit=model.context, budget=1)
    if not isinstance(plan, ItemPlan):
        return None
    (prompt,) = plan.prompts
    prefix = encoder.raw_prefix if style.kind == "raw" else ()
    ids = prefix + encode_scripts(encoder, [without_cue(prompt.pieces, prompt.rendered, style)], item.id)[0]
    if model.context is not None and len(ids) + WRITTEN_TOKENS > model.context:
        return None
    return WrittenCell(item, prompt, ids)


def _readings_of(name: str, cells: Sequence[WrittenCell], readings: Path) -> list[dict[str, object]]:
    items = sorted({cell.item.id for cell in cells})
    wanted = pc.field("model").isin([name]) & pc.field("item").isin(items)
    columns = ["item", "variant", "top_token_id", *_LOGPROBS.values()]
    rows: list[dict[str, object]] = pq.read_table(
        readings, columns=columns, filters=wanted, use_threads=False
    ).to_pylist()
    return rows


def _row(model: AskedModel, cell: WrittenCell, answer: TokenIds, read: dict[str, object]) -> dict[str, object]:
    text = str(model.encoder.tokenizer.decode(list(answer), skip_special_tokens=False))
    found = read_answer(text, cell.prompt.rendered.shown)
    return {
        "model": model.name,
        "item": cell.item.id,
        "variant": cell.prompt.variant.id,
        "tradeoff": cell.item.tradeoff,
        "side": cell.item.side,
        "text": text,
        "tokens": len(answer),
        "outcome": found.outcome,
        "decision": None if found.option is None else _role(cell.item, found.option),
        "reading": _favoured(read),
        "first_token": _first_token(cell, int(str(read["top_token_id"]))),
    }


def _role(item: Item, option: str) -> str:
    """What the tables call an option."""
    return "p1" if option == item.p1 else "p2" if option == item.p2 else "neutral"


def _favoured(read: dict[str, object]) -> str | None:
    """The option whose label is most probable; None if two are."""
    logprobs = ((role, read[column]) for role, column in _LOGPROBS.items())
    known = {role: value for role, value in logprobs if isinstance(value, float)}
    best = [role for role, value in known.items() if value == max(known.values())]
    return best[0] if len(best) == 1 else None


def _first_token(cell: WrittenCell, top: int) -> str:
    """Which option's label a token begins."""
    labels = cell.prompt.labels
    if labels.forced_prefix:
        return "shared" if labels.forced_prefix[0] == top else "other"
    pairs = zip(cell.prompt.rendered.shown, labels.forms, strict=True)
    begun = {_role(cell.item, shown.principle) for shown, forms in pairs if any(form[0] == top for form in forms)}
    return "other" if not begun else begun.pop() if len(begun) == 1 else "shared"
