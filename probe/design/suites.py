"""Suites: which trade-off files a study is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Discriminator, RootModel, Tag

from probe.design.data import data_path
from probe.design.fields import Id
from probe.design.items import Item
from probe.design.parts import Part, part_of
from probe.design.strict_yaml import faults_as, load_yaml
from probe.design.tradeoffs import TradeOffFile, load_tradeoff
from probe.design.typed_yaml import did_you_mean, listed, read_as
from probe.errors import InputError, ScenarioError

__all__ = ["SuitesFile", "limit_items", "load_suites", "suite_names", "suite_paths"]

_NOT_TRADEOFFS = ("suites.yaml", "template.yaml")


def _kind(value: object) -> str:
    return "name" if isinstance(value, str) else "part"


_Entry = Annotated[Annotated[str, Tag("name")] | Annotated[Part, Tag("part")], Discriminator(_kind)]


class SuitesFile(RootModel[dict[Id, tuple[_Entry, ...]]]):
    """The shape of ``suites.yaml``."""

    model_config = ConfigDict(frozen=True)


@dataclass(frozen=True, slots=True)
class _Named:
    """A trade-off file that an argument stands for, what a study calls it, and which part of it is meant."""

    path: Path
    name: str
    part: Part | None = None


def suite_names() -> tuple[str, ...]:
    """Names of the suites that ship with probe, in the order of ``scenarios/suites.yaml``."""
    return tuple(_suites())


def load_suites(names: Sequence[str]) -> tuple[TradeOffFile, ...]:
    """The trade-offs of shipped suites, files or folders, sorted by id; a file that is named twice is read once.

    Raises:
        ScenarioError: There is no such suite, a file is wrong, or two files hold a trade-off of the same id.
    """
    files: dict[str, tuple[Path, TradeOffFile]] = {}
    for named in _all_named(names):
        file = load_tradeoff(named.path, name=named.name)
        other = files.setdefault(file.tradeoff.tradeoff, (named.path, _partial(file, named.part)))[0]
        if other != named.path:
            raise ScenarioError(
                f"{named.path}:1: the trade-off '{file.tradeoff.tradeoff}' stands in two files of this study, also in "
                f"{other}. Rename one, or leave one out."
            )
    return tuple(files[key][1] for key in sorted(files))


def suite_paths(names: Sequence[str]) -> dict[Path, str]:
    """The files that suites, files or folders are made of, each with the name that a study gives it.

    Raises:
        ScenarioError: There is no such suite, or it is empty.
    """
    return {named.path: named.name for named in _all_named(names)}


def _all_named(names: Sequence[str]) -> list[_Named]:
    """Every file once; whole, if it is named whole anywhere."""
    found: dict[Path, _Named] = {}
    for argument in names:
        named = list(_named(argument))
        if not named:
            raise ScenarioError(f"suite '{argument}': holds no trade-off file. Put a *.yaml file there.")
        for one in named:
            first = found.setdefault(one.path.resolve(), one)
            if None in (first.part, one.part):
                found[one.path.resolve()] = replace(first, part=None)
            elif first.part != one.part:
                raise ScenarioError(
                    f"{one.name}: the suites {', '.join(names)} take different parts of it. Name one of them, or the "
                    "whole file."
                )
    return list(found.values())


def _partial(file: TradeOffFile, part: Part | None) -> TradeOffFile:
    if part is None:
        return file
    try:
        return replace(file, tradeoff=part_of(file.tradeoff, part))
    except ValueError as error:
        raise ScenarioError(f"{data_path('scenarios') / 'suites.yaml'}:1: {error}") from None


def _named(argument: str) -> Iterator[_Named]:
    path = Path(argument)
    if "/" in argument and path.is_dir():
        return _folder(path, path)
    if "/" in argument and path.exists():
        return iter([_Named(path, path.name)])
    suites = _suites()
    if argument in suites:
        return _entries(argument, suites[argument])
    hint = did_you_mean(argument, suites)
    if path.exists():
        hint = f" For the file or folder, write ./{argument}."
    raise ScenarioError(
        f"suite '{argument}': neither an existing path that contains '/' nor a shipped suite; shipped are "
        f"{listed(suites)}.{hint or ' Name one of them, or give the path of a trade-off file or a folder of them.'}"
    )


def _entries(suite: str, entries: Sequence[str | Part]) -> Iterator[_Named]:
    root = data_path("scenarios")
    for entry in entries:
        part, name = (None, entry) if isinstance(entry, str) else (entry, entry.tradeoff)
        if name.endswith("/"):
            found = list(_folder(root / name, root.parent))
        else:
            found = [replace(one, part=part) for one in _folder(root, root.parent) if one.path.stem == name]
        if not found:
            raise ScenarioError(
                f"{root / 'suites.yaml'}:1: the entry '{name}' of the suite '{suite}' names no file. An entry is the "
                "id of a trade-off, or a folder that ends in '/'. Mend the entry."
            )
        yield from found


def _folder(folder: Path, root: Path) -> Iterator[_Named]:
    for path in sorted(folder.rglob("*.yaml")):
        if path.name not in _NOT_TRADEOFFS:
            yield _Named(path, path.relative_to(root).as_posix())


def _suites() -> Mapping[str, tuple[str | Part, ...]]:
    with faults_as(ScenarioError):
        return read_as(load_yaml(data_path("scenarios") / "suites.yaml"), SuitesFile).root


def limit_items(items: Sequence[Item], n: int) -> tuple[Item, ...]:
    """The first `n` items of each side of each trade-off, in sorted order of ids.

    What is kept for a smaller `n` is kept for a larger one too, so that a study can be extended.

    Raises:
        InputError: `n` is less than one.
    """
    if n < 1:
        raise InputError(f"--limit: at least 1 item is needed, found {n}. Give a positive number.")
    seen: Counter[tuple[str, str]] = Counter()
    kept = []
    for item in sorted(items, key=lambda item: item.id):
        seen[item.tradeoff, item.side] += 1
        if seen[item.tradeoff, item.side] <= n:
            kept.append(item)
    return tuple(kept)
