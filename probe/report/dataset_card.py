"""The README of a run folder: a data set card that a hub shows at once, and a reader without a browser reads."""

from __future__ import annotations

import re

import yaml

from probe.analysis.results import ModelResults, StudyResults
from probe.report.claim_text import told_verdict
from probe.report.number_format import clean, interval, nats, probability
from probe.report.partial import partial_line
from probe.report.sentences import MEANING, by_distance
from probe.report.summary import condition_line, headline, points

__all__ = ["card"]

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
card anew from the tables.
"""

_MARKS = re.compile(r"([\\`*_{}\[\]#|!~])")


def card(results: StudyResults, title: str) -> str:
    """The text of ``README.md``: the same results always give the same text.

    Args:
        results: What the study found.
        title: Heading of the page.
    """
    parts = [f"---\n{_front(title)}---", f"# {_plain(title)}"]
    parts += [f"**{_plain(partial_line(results.partial))}**"] if results.partial else []
    parts += [_model(name, model) for name, model in sorted(results.models.items())]
    return "\n\n".join([*parts, _plain(MEANING), _FILES])


def _front(title: str) -> str:
    content = {
        "pretty_name": clean(title),
        "tags": ["probe", "stated-preferences", "revealed-preferences"],
        "configs": [
            {"config_name": name, "data_files": f"{name}.parquet", **({"default": True} if name == "readings" else {})}
            for name in ("readings", "prompts")
        ],
    }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def _model(name: str, model: ModelResults) -> str:
    lines = [f"## {_plain(name)}", "", _plain(headline(name, model)), ""]
    lines += [f"- **{point.question}** {_plain(point.told)}" for point in points(model)]
    if told := condition_line(model):
        lines.append(f"- **In which numbers?** {_plain(told)}")
    lines += [
        "",
        "| trade-off | says | 95 % | chooses | 95 % | KL, nat | claim |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    for key, t in by_distance(model):
        cells = [key]
        for side in (t.stated, t.revealed):
            cells += [probability(side.deployed if side else None), interval(side.interval if side else None)]
        cells += [nats(t.kl_revealed_stated, model.numeric_floor), told_verdict(t)]
        lines.append(f"| {' | '.join(map(_plain, cells))} |")
    return "\n".join(lines)


def _plain(text: str) -> str:
    r"""Text that Markdown shows as it is.

    Example:
        >>> _plain("a|b <img> *c*")
        'a\\|b &lt;img&gt; \\*c\\*'
    """
    escaped = _MARKS.sub(r"\\\1", clean(text))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
