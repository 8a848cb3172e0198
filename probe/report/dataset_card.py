"""The README of a run folder: a data set card that a hub shows at once, and a reader without a browser reads."""

from __future__ import annotations

import yaml

from probe.analysis.results import ModelResults, StudyResults
from probe.report.brief import outcome_line
from probe.report.main_table import main_table
from probe.report.number_format import clean, markdown_text
from probe.report.partial import partial_line
from probe.report.sentences import MEANING
from probe.report.summary import asking_line, condition_line, points

__all__ = ["dataset_card"]

_FILES = """\
## Files

| file | what it is |
|---|---|
| `report.html` | the report; loads nothing |
| `readings.parquet` | one row per model, item and variant: log-probabilities of the labels |
| `prompts.parquet` | the text of every distinct prompt |
| `results.json` | everything that was computed from these rows |
| `study/` | trade-offs and design, as they were asked |
| `manifest.json` | versions, hashes and flags |

`probe verify` on this folder checks every file and reads a sample again; `probe report` makes results, report and this
data set card anew from the tables.
"""

_BESIDE = {
    "ladder": "| `ladder.parquet` | the same for the cells between bridges and scenarios |",
    "clauses": "| `clauses.parquet` | the same for scenarios with a clause left out, and its words |",
    "depth": "| `depth.parquet` | one row per model, chosen cell and layer: log-odds after every layer |",
    "texts": "| `texts.parquet` | one row per model, question without listed options and cue: both options' texts |",
    "own_words": "| `own_words.parquet` | one row per model, question in two turns, forced answer and formats |",
}
"""Tables of readings that a folder has if they were asked for."""


def dataset_card(results: StudyResults, title: str) -> str:
    """The text of ``README.md``: the same results always give the same text.

    Args:
        results: What the study found.
        title: Heading of the page.
    """
    ladder = any(t.ladder is not None for model in results.models.values() for t in model.tradeoffs.values())
    clauses = any(t.clauses is not None for model in results.models.values() for t in model.tradeoffs.values())
    texts = any(model.methods is not None for model in results.models.values())
    depth = any(t.depth is not None for model in results.models.values() for t in model.tradeoffs.values())
    said = any(t.own_words is not None for model in results.models.values() for t in model.tradeoffs.values())
    found = {"ladder": ladder, "own_words": said, "clauses": clauses, "texts": texts, "depth": depth}
    beside = tuple(name for name, there in found.items() if there)
    parts = [f"---\n{_front(title, beside)}---", f"# {markdown_text(title)}"]
    parts += [f"**{markdown_text(partial_line(results.partial))}**"] if results.partial else []
    parts += [_model(name, model) for name, model in sorted(results.models.items())]
    rows = "".join(f"{_BESIDE[name]}\n" for name in beside)
    return "\n\n".join([*parts, markdown_text(MEANING), _FILES.replace("| `prompts", f"{rows}| `prompts")])


def _front(title: str, beside: tuple[str, ...]) -> str:
    content = {
        "pretty_name": clean(title),
        "tags": ["probe", "stated-preferences", "revealed-preferences"],
        "configs": [
            {"config_name": name, "data_files": f"{name}.parquet", **({"default": True} if name == "readings" else {})}
            for name in ("readings", "prompts", *beside)
        ],
    }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def _model(name: str, model: ModelResults) -> str:
    lines = [f"## {markdown_text(name)}", "", markdown_text(outcome_line(name, model, advice=False)), ""]
    lines += [f"- **{point.question}** {markdown_text(point.answer)}" for point in points(model)]
    if asked := asking_line(model):
        lines.append(f"- **How was it asked?** {markdown_text(asked)}")
    if reported := condition_line(model):
        lines.append(f"- **In which numbers?** {markdown_text(reported)}")
    table = main_table(model)
    lines += ["", f"| {' | '.join(table.columns)} |", f"|{''.join('---|' if w else '---:|' for w in table.words)}"]
    lines += [f"| {' | '.join(map(markdown_text, row))} |" for row in table.rows]
    return "\n".join(lines)
