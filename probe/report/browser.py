"""What the item browser shows: every cell and every prompt of a run, packed small. Computes no statistic."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from probe.report.number_format import clean, verbatim

__all__ = ["Browser", "browser_of", "packed"]


@dataclass(frozen=True, slots=True)
class Browser:
    """Two parts of the page.

    Attributes:
        cells: Items, formats and models with their readings, packed.
        prompts: Texts by trade-off, packed; models that were asked in the same words share them.
    """

    cells: str
    prompts: dict[str, str]


@dataclass(slots=True)
class _Prompts:
    """Packed texts by name of the pack; equal texts are kept once."""

    packs: dict[str, str] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    def keep(self, texts: Sequence[Sequence[str]]) -> str:
        pack = packed.__wrapped__(json.dumps(texts, ensure_ascii=False, separators=(",", ":")))
        name = self._names.setdefault(pack, f"p{len(self._names)}")
        self.packs[name] = pack
        return name


@lru_cache(maxsize=4)  # the library is the same on every page
def packed(text: str) -> str:
    """Deflated and in base64; the page unpacks it with ``DecompressionStream``.

    Example:
        >>> len(packed("a" * 10_000)) < 100
        True
    """
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def browser_of(
    readings: pa.Table,
    prompts: pa.Table,
    closed: dict[str, list[str]],
    clauses: Mapping[str, Mapping[str, object]] = MappingProxyType({}),
) -> Browser:
    """The browser of a run.

    Args:
        readings: Rows of ``readings.parquet``, and of ``ladder.parquet`` and ``clauses.parquet`` where they were read,
            in its columns. Models are listed in the order of theirs.
        prompts: Rows of ``prompts.parquet``.
        closed: Trade-offs of each model behind a failed validity check.
        clauses: By model what `probe.report.clause_view` draws of its scenarios.
    """
    kept = _Prompts()
    items = sorted(set(readings["item"].to_pylist()))
    variants = sorted(set(readings["variant"].to_pylist()))
    models = pc.unique(readings["model"]).to_pylist()
    reported = [_model(readings, prompts, name, (items, variants), kept) for name in models]
    for name, one in zip(models, reported, strict=True):
        one["closed"] = closed.get(name, [])
        one["clauses"] = clauses.get(name, {})
    cells = {"items": _items(readings, items), "variants": variants, "models": reported}
    return Browser(packed(json.dumps(cells, ensure_ascii=False, separators=(",", ":"))), kept.packs)


def _items(readings: pa.Table, items: Sequence[str]) -> list[list[str]]:
    """Id, trade-off, side, form and both options' ids of every item."""
    columns = ("item", "tradeoff", "side", "form", "p1", "p2")
    first = readings.select(columns).group_by("item", use_threads=False)
    table = first.aggregate([(name, "first") for name in columns[1:]])
    ids, rest = table["item"].to_pylist(), [table[f"{name}_first"].to_pylist() for name in columns[1:]]
    rows = {item: list(map(clean, row)) for item, *row in zip(ids, *rest, strict=True)}
    return [[clean(item), *rows[item]] for item in items]


def _model(
    readings: pa.Table, prompts: pa.Table, name: str, grid: tuple[Sequence[str], Sequence[str]], kept: _Prompts
) -> dict[str, object]:
    own = readings.filter(pc.equal(readings["model"], name))
    items, variants = grid
    index = (
        pc.index_in(own["item"], pa.array(items)).to_numpy(),
        pc.index_in(own["variant"], pa.array(variants)).to_numpy(),
    )
    shown = _shown_labels(own)
    labels = sorted(set(shown))
    numbers = {each: number for number, each in enumerate(labels)}
    tops = sorted(set(own["top_token"].to_pylist()))
    shape = (len(items), len(variants))
    return {
        "name": clean(name),
        "z": _floats(own["log_odds"], index, shape),
        "mass": _floats(own["option_mass"], index, shape),
        "neutral": _floats(pc.exp(own["logprob_neutral"]), index, shape) if any(len(one) > 2 for one in labels) else "",
        "labels": labels,
        "label": _numbers([numbers[each] for each in shown], index, shape),
        "tops": [repr(top)[1:-1] for top in tops],
        "top": _numbers(pc.index_in(own["top_token"], pa.array(tops)).to_pylist(), index, shape),
        "prompts": _texts(own, prompts.filter(pc.equal(prompts["model"], name)), items, kept),
    }


def _shown_labels(own: pa.Table) -> list[tuple[str, ...]]:
    """Labels of each row: of both principles, and of the neutral option where one is offered."""
    columns = (own[name].to_pylist() for name in ("label_p1", "label_p2", "label_neutral"))
    return [tuple(label for label in row if label is not None) for row in zip(*columns, strict=True)]


def _texts(own: pa.Table, prompts: pa.Table, items: Sequence[str], kept: _Prompts) -> dict[str, list[object]]:
    """By trade-off: name of the pack, and for each item in it its number and the formats in order."""
    text = dict(zip(prompts["prompt_sha256"].to_pylist(), prompts["text"].to_pylist(), strict=True))
    number = {item: index for index, item in enumerate(items)}
    asked: dict[str, dict[int, list[tuple[str, str]]]] = {}
    columns = [own[name].to_pylist() for name in ("tradeoff", "item", "variant", "prompt_sha256")]
    for tradeoff, item, variant, digest in zip(*columns, strict=True):
        asked.setdefault(tradeoff, {}).setdefault(number[item], []).append((variant, text.get(digest, "")))
    found: dict[str, list[object]] = {}
    for tradeoff, by_item in sorted(asked.items()):
        order = sorted(by_item)
        texts = [[verbatim(reported) for _, reported in sorted(by_item[item])] for item in order]
        found[clean(tradeoff)] = [kept.keep(texts), order]
    return found


def _floats(column: pa.ChunkedArray, index: tuple[np.ndarray, np.ndarray], shape: tuple[int, int]) -> str:
    """Little-endian float32 over items and formats; not a number where nothing was read."""
    values = np.full(shape, np.nan, dtype="<f4")
    with np.errstate(over="ignore"):  # what is too large for a float32 is drawn as infinite
        values[index] = column.to_numpy()
    return base64.b64encode(values.tobytes()).decode()


def _numbers(numbers: Sequence[int], index: tuple[np.ndarray, np.ndarray], shape: tuple[int, int]) -> str:
    values = np.zeros(shape, dtype="<u2")
    values[index] = numbers
    return base64.b64encode(values.tobytes()).decode()
