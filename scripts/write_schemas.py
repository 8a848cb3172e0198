"""Write the JSON Schemas of trade-off files, suites and designs, for editors that complete and check YAML.

    python scripts/write_schemas.py

They say less than the reader: rules across fields are told by `probe check`.
"""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel

from probe.design.axes import DesignFile
from probe.design.shape import TradeOff
from probe.design.suites import SuitesFile

FOLDER = Path(__file__).parents[1] / "scenarios" / "schema"
SHAPES: dict[str, tuple[type[BaseModel], str]] = {
    "tradeoff": (TradeOff, "A trade-off of probe"),
    "suites": (SuitesFile, "The suites of probe"),
    "design": (DesignFile, "A design of probe"),
}


def schema(name: str) -> str:
    """The schema of one kind of file, as text."""
    model, title = SHAPES[name]
    content = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **model.model_json_schema(),
        "title": title,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write them all."""
    FOLDER.mkdir(exist_ok=True)
    for name in SHAPES:
        (FOLDER / f"{name}.json").write_text(schema(name), encoding="utf-8")


if __name__ == "__main__":
    main()
