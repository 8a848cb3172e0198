"""The table in the middle, a row per model, item and variant, and those beside it. Knows not how a reading is made."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pyarrow as pa

from probe.design.items import AXES, TableName

__all__ = [
    "CLAUSES",
    "DEPTH",
    "LADDER",
    "MODEL_ITEM_VARIANT",
    "OPTION_TEXTS",
    "OWN_TABLES",
    "OWN_WORDS",
    "PROMPTS",
    "READINGS",
    "SCHEMAS",
    "SCHEMA_VERSION",
    "WRITTEN",
    "empty_readings",
]

SCHEMA_VERSION = 1

READINGS = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        pa.field("tradeoff", pa.string(), nullable=False),
        pa.field("side", pa.string(), nullable=False),
        pa.field("form", pa.string(), nullable=False),
        pa.field("cluster", pa.string(), nullable=False),
        pa.field("scenario", pa.string()),
        pa.field("item", pa.string(), nullable=False),
        pa.field("context", pa.string(), nullable=False),
        pa.field("variant", pa.string(), nullable=False),
        *(pa.field(f"axis_{axis}", pa.string(), nullable=False) for axis in AXES),
        pa.field("p1", pa.string(), nullable=False),
        pa.field("p2", pa.string(), nullable=False),
        pa.field("shown_first", pa.string(), nullable=False),
        pa.field("label_p1", pa.string(), nullable=False),
        pa.field("label_p2", pa.string(), nullable=False),
        pa.field("logprob_p1", pa.float64(), nullable=False),
        pa.field("logprob_p2", pa.float64(), nullable=False),
        pa.field("log_odds", pa.float64(), nullable=False),
        pa.field("option_mass", pa.float64(), nullable=False),
        pa.field("boundary_p1", pa.float64(), nullable=False),
        pa.field("boundary_p2", pa.float64(), nullable=False),
        pa.field("label_neutral", pa.string()),
        pa.field("logprob_neutral", pa.float64()),
        pa.field("top_token", pa.string(), nullable=False),
        pa.field("top_token_id", pa.int64(), nullable=False),
        pa.field("top_logprob", pa.float64(), nullable=False),
        pa.field("n_tokens", pa.int64(), nullable=False),
        pa.field("prompt_sha256", pa.string(), nullable=False),
        pa.field("pack_sha256", pa.string(), nullable=False),
        pa.field("reader", pa.string(), nullable=False),
        pa.field("logits_dtype", pa.string(), nullable=False),
    ]
)
"""Columns of ``readings.parquet``; later versions only append. Log-probabilities in nats, over the whole vocabulary."""

LADDER = pa.schema(list(READINGS))
"""Columns of ``ladder.parquet``, one row per model, cell of the ladder and variant: those of a reading, as it is one.

`side` is ``ladder``, `form` the cell: ``100``, ``010``, ``110`` or ``bare``, and ``000`` or ``111`` where the bridge or
the scenario is not asked in the same prompts. `scenario` and `context` say where the cell belongs; `context` is empty
where a cell does not depend on it. No row of this table enters a preference.
"""

CLAUSES = pa.schema([*READINGS, pa.field("left_out", pa.string(), nullable=False)])
"""Columns of ``clauses.parquet``, one row per model, scenario, clause that is left out and variant: those of a reading.

`side` is ``clauses``, `form` what is left out: ``sentence``, ``factor``, ``option``, ``all`` of them, or nothing
(``whole``, where the scenario is not asked in the same prompts anyway). `left_out` has the words. No row of this table
enters a preference.
"""

OPTION_TEXTS = pa.schema(
    [
        *(READINGS.field(name) for name in ("model", "tradeoff", "side", "form", "cluster", "scenario", "item")),
        *(READINGS.field(name) for name in ("context", "variant", "axis_cue", "p1", "p2")),
        pa.field("asks_which", pa.bool_(), nullable=False),
        pa.field("text_p1", pa.string(), nullable=False),
        pa.field("text_p2", pa.string(), nullable=False),
        pa.field("logprob_p1", pa.float64(), nullable=False),
        pa.field("logprob_p2", pa.float64(), nullable=False),
        pa.field("tokens_p1", pa.int64(), nullable=False),
        pa.field("tokens_p2", pa.int64(), nullable=False),
        pa.field("baseline_p1", pa.float64(), nullable=False),
        pa.field("baseline_p2", pa.float64(), nullable=False),
        *(READINGS.field(name) for name in ("n_tokens", "prompt_sha256")),
        pa.field("baseline_sha256", pa.string(), nullable=False),
        *(READINGS.field(name) for name in ("pack_sha256", "reader", "logits_dtype")),
    ]
)
"""Columns of ``texts.parquet``, one row per model, question without listed options and cue.

`item` is the id of the same question with listed options and ``~texts``; `asks_which` marks those that speak of options
which are not there. `logprob_*`: natural log-probability of the whole text behind prompt and cue, with the space before
it and the full stop, over `tokens_*` tokens; `baseline_*`: the same behind the same prompt with ``Hello.`` for the
question, whose text has the hash `baseline_sha256`. No row of this table enters a preference.
"""

DEPTH = pa.schema(
    [
        *(READINGS.field(name) for name in READINGS.names[: READINGS.names.index("label_p2") + 1]),
        pa.field("layer", pa.int64(), nullable=False),
        READINGS.field("log_odds"),
        *(pa.field(name, pa.float64()) for name in ("logprob_p1", "logprob_p2", "option_mass")),
        *(READINGS.field(name) for name in ("n_tokens", "prompt_sha256", "pack_sha256", "reader", "logits_dtype")),
    ]
)
"""Columns of ``depth.parquet``, one row per model, chosen cell and layer, counted from 1.

`item` is the id of the item and ``~depth``. `log_odds`: after that layer, in nats; at the last layer as in a reading.
`logprob_*` and `option_mass` where the whole distribution was made, at eight layers spread evenly, else null. No row of
this table enters a preference.
"""

OWN_WORDS = pa.schema(
    [
        *READINGS,
        *(pa.field(f"{name}_item", pa.string(), nullable=False) for name in ("first", "second")),
        *(pa.field(f"{name}_variant", pa.string(), nullable=False) for name in ("first", "second")),
        pa.field("said", pa.string(), nullable=False),
        pa.field("said_label", pa.string(), nullable=False),
        pa.field("said_shown_first", pa.bool_(), nullable=False),
    ]
)
"""Columns of ``own_words.parquet``, one row per model, question in two turns, forced answer and formats of both turns.

Those of a reading speak of the second question; `side` is ``own_words``, `form` says what is read, ``choice`` or
``principle``, with ``_unrelated`` where the first question has nothing to do with it. `first_item` and `first_variant`
are item and variant of the first question, `second_item` and `second_variant` of the second, as they stand in
``readings.parquet``; `said` is the option that was forced, under `said_label`, and `said_shown_first` whether it was
shown first. `variant` says all of it. No row of this table enters a preference.
"""

SCHEMAS: Mapping[TableName, pa.Schema] = MappingProxyType(
    {
        "readings": READINGS,
        "ladder": LADDER,
        "texts": OPTION_TEXTS,
        "clauses": CLAUSES,
        "depth": DEPTH,
        "own_words": OWN_WORDS,
    }
)
"""Tables of readings by the name of their file; each but the first has items of its own and is there if asked for."""

OWN_TABLES: tuple[TableName, ...] = tuple(name for name in SCHEMAS if name != "readings")

PROMPTS = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        pa.field("prompt_sha256", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
    ]
)
"""Columns of ``prompts.parquet``, one row per distinct prompt of a model."""

WRITTEN = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        pa.field("item", pa.string(), nullable=False),
        pa.field("variant", pa.string(), nullable=False),
        pa.field("tradeoff", pa.string(), nullable=False),
        pa.field("side", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("tokens", pa.int64(), nullable=False),
        pa.field("outcome", pa.string(), nullable=False),
        pa.field("decision", pa.string()),
        pa.field("reading", pa.string()),
        pa.field("first_token", pa.string(), nullable=False),
    ]
)
"""Columns of ``validation.parquet``, one row per cell that a model has written an answer to.

`outcome` is ``chosen``, ``refused`` or ``unparsed``; `decision` and `reading` are ``p1``, ``p2`` or ``neutral``, null
where nothing was chosen or two options are equally probable. `first_token` is the option whose label the most probable
token begins, ``shared`` where labels begin alike, ``other`` where it begins none.
"""

MODEL_ITEM_VARIANT = ("model", "item", "variant")
"""The key of a row, and the order in which rows are sorted."""


def empty_readings() -> pa.Table:
    """A readings table without rows."""
    return READINGS.empty_table()
