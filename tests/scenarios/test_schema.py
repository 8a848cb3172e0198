"""The JSON Schemas for editors: written from the models, and they take what ships."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from probe.design.axes import design_names
from probe.design.data import PACKAGE
from probe.design.suites import suite_paths

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "scenarios" / "schema"
TRADEOFFS = [*suite_paths(["all", "demo"]), ROOT / "scenarios" / "template.yaml"]


class Loader(yaml.BaseLoader):
    """What an editor sees: text, and the two booleans of YAML 1.2."""


Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))
Loader.add_constructor("tag:yaml.org,2002:bool", lambda _, node: node.value == "true")


def accepted(kind, path):
    schema = json.loads((FOLDER / f"{kind}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(yaml.load(path.read_text(encoding="utf-8"), Loader))


def test_they_are_what_the_script_writes():
    spec = importlib.util.spec_from_file_location("write_schemas", ROOT / "scripts" / "write_schemas.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert {path.stem for path in FOLDER.glob("*.json")} == set(module.SHAPES)
    for name in module.SHAPES:
        assert (FOLDER / f"{name}.json").read_text(encoding="utf-8") == module.schema(name), (
            "python scripts/write_schemas.py"
        )


@pytest.mark.parametrize("path", TRADEOFFS, ids=lambda path: path.stem)
def test_every_shipped_trade_off_fits(path):
    accepted("tradeoff", path)


def test_suites_and_designs_fit():
    accepted("suites", ROOT / "scenarios" / "suites.yaml")
    for name in design_names():
        accepted("design", PACKAGE / "design" / "designs" / f"{name}.yaml")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("form: choose", "form: chose"),
        ("family: money", "famly: money"),
        ("- id: class-trip", "- id: class/trip"),
        ("    bridge: ", "    brigde: "),
        ("kind: dominated", "kind: dominatd"),
    ],
)
def test_what_an_editor_underlines(tmp_path, old, new):
    source = (ROOT / "scenarios" / "template.yaml").read_text(encoding="utf-8")
    assert old in source
    (tmp_path / "bad.yaml").write_text(source.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(jsonschema.ValidationError):
        accepted("tradeoff", tmp_path / "bad.yaml")
