"""What every module owes its reader: a first line, its public names listed, a size that can be read."""

from __future__ import annotations

import ast
import inspect

import pytest
from modules import imported
from sources import Source, sources

MODULES = [pytest.param(source, id=source.name) for source in sources()]
WITH_NAMES = [one for one in MODULES if not one.values[0].name.endswith("__main__")]

MOST_LINES = 300
"""results.py and request.py are lists of fields with a line on each, not one idea that could be split."""
LONGER = {"probe.analysis.results", "probe.cli", "probe.study.request"}

FORBIDDEN_NAMES = ("utils", "helpers", "common", "misc")


def public(tree: ast.Module) -> set[str]:
    """Names that a module defines at its top and does not keep to itself, those in upper case left to choice."""
    found = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            found.add(node.name)
    return {name for name in found if not name.startswith("_")}


def declared(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and [getattr(one, "id", "") for one in node.targets] == ["__all__"]:
            return [str(name) for name in ast.literal_eval(node.value)]
    return None


@pytest.mark.parametrize("source", MODULES)
def test_docstring(source: Source) -> None:
    text = ast.get_docstring(source.tree)
    assert text, f"{source.name} has no docstring"
    assert text.splitlines()[0].rstrip().endswith((".", "``.", "!"))


@pytest.mark.parametrize("source", WITH_NAMES)
def test_public_names_are_listed(source: Source) -> None:
    names = declared(source.tree)
    own = public(source.tree)
    if names is None:
        assert not own, f"{source.name} has no __all__"
        return
    module = imported(source.name)
    assert own <= set(names) | command_functions(source)
    assert [name for name in names if not hasattr(module, name)] == []
    assert len(names) == len(set(names))


def command_functions(source: Source) -> set[str]:
    """Functions that a decorator hands to the command line: called by their verb, not by their name."""
    functions = [node for node in source.tree.body if isinstance(node, ast.FunctionDef) and node.decorator_list]
    return {node.name for node in functions if source.name == "probe.cli"}


@pytest.mark.parametrize("source", MODULES)
def test_size_and_name(source: Source) -> None:
    assert source.name.rpartition(".")[2] not in FORBIDDEN_NAMES
    assert source.name in LONGER or len(source.text.splitlines()) <= MOST_LINES


@pytest.mark.parametrize("source", WITH_NAMES)
def test_public_functions_are_explained(source: Source) -> None:
    module = imported(source.name)
    own = [getattr(module, name) for name in declared(source.tree) or ()]
    functions = [one for one in own if inspect.isfunction(one) or inspect.isclass(one)]
    assert [one.__name__ for one in functions if not inspect.getdoc(one)] == []


def test_that_an_unlisted_name_is_seen() -> None:
    tree = ast.parse("__all__ = ['a']\ndef a(): ...\nclass B: ...\ndef _c(): ...\n")
    assert public(tree) - set(declared(tree) or ()) == {"B"}
