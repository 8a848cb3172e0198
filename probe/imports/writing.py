"""Imported trade-offs as files: YAML, the tables beside them, and a record of what became of every item."""

from __future__ import annotations

import hashlib
import json
from collections import Counter

import yaml

from probe.design.shape import TradeOff
from probe.imports.ledger import Imported

__all__ = ["RECORD", "files_of", "summary", "tradeoff_text"]

RECORD = "import.json"
"""Name of the record."""


class _Dumper(yaml.SafeDumper):
    """Writes no anchors, which a trade-off file may not hold."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


def tradeoff_text(tradeoff: TradeOff) -> str:
    """A trade-off as the text of its file; what stands at its default is left out."""
    content = tradeoff.model_dump(exclude_defaults=True, by_alias=True)
    return str(yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=118))


def files_of(imported: Imported) -> dict[str, str]:
    """Every file of an import, by name: one per trade-off, the tables, the record."""
    files = {f"{one.tradeoff}.yaml": tradeoff_text(one) for one in imported.tradeoffs}
    files |= imported.tables
    record = {
        "kind": imported.kind,
        "source": imported.source,
        "licence": imported.licence,
        "counts": imported.counts,
        "items": imported.ledger.kept,
        "changed": [{"item": note.item, "change": note.text} for note in imported.ledger.changed],
        "refused": [{"item": note.item, "reason": note.text} for note in imported.ledger.refused],
        "files": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in sorted(files.items())},
    }
    return {**files, RECORD: json.dumps(record, indent=1, ensure_ascii=False) + "\n"}


def summary(imported: Imported) -> str:
    """Counts, and how often each change and each reason occurred, for a person to read."""
    counts = imported.counts
    fixed = sum(sum(s.fixed for s in one.stated) + sum(r.fixed for r in one.revealed) for one in imported.tradeoffs)
    lines = [
        f"{imported.source}",
        f"licence: {imported.licence}",
        f"{counts['read']} items read: {counts['kept']} kept in {len(imported.tradeoffs)} trade-offs, "
        f"{counts['changed']} of them changed; {counts['refused']} refused",
    ]
    if fixed:
        lines.append(f"{fixed} root questions and scenarios are asked as they stand: their texts print their answers")
    for title, notes in (("changed", imported.ledger.changed), ("refused", imported.ledger.refused)):
        lines += [f"  {title}, {count} times: {text}" for text, count in Counter(n.text for n in notes).most_common()]
    return "\n".join(lines)
