"""Suites: which trade-off files a study is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import ConfigDict, RootModel

from probe.design.data import data_path
from probe.design.fields import Id
from probe.design.strict_yaml import faults_as, load_yaml
from probe.design.tradeoffs import TradeOffFile, load_tradeoff
from probe.design.typed_yaml import did_you_mean, listed, read_as
from probe.errors import ScenarioError

__all__ = ["load_suites", "suite_names", "suite_paths"]

_NOT_TRADEOFFS = ("suites.yaml", "template.yaml")


class _SuitesFile(RootModel[dict[Id, tuple[str, ...]]]):
    model_config = ConfigDict(frozen=True)


def suite_names() -> tuple[str, ...]:
    """Names of the suites that ship with probe, in the order of ``scenarios/suites.yaml``."""
    return tuple(_suites())


def load_suites(names: Sequence[str]) -> tuple[TradeOffFile, ...]:
    """The trade-offs of shipped suites, files or folders, sorted by id; a file that is named twice is read once.

    Raises:
        ScenarioError: There is no such suite, a file is wrong, or two files hold a trade-off of the same id.
    """
    files: dict[str, tuple[Path, TradeOffFile]] = {}
    for path, name in suite_paths(names).items():
        file = load_tradeoff(path, name=name)
        other = files.setdefault(file.tradeoff.tradeoff, (path, file))[0]
        if other != path:
            raise ScenarioError(
                f"{path}:1: the trade-off '{file.tradeoff.tradeoff}' stands in two files of this study, also in "
                f"{other}. Rename one, or leave one out."
            )
    return tuple(files[key][1] for key in sorted(files))


def suite_paths(names: Sequence[str]) -> dict[Path, str]:
    """The files that suites, files or folders are made of, each with the name that a study gives it.

    Raises:
        ScenarioError: There is no such suite, or it is empty.
    """
    paths: dict[Path, tuple[Path, str]] = {}
    for argument in names:
        found = dict(_named(argument))
        if not found:
            raise ScenarioError(f"suite '{argument}': holds no trade-off file. Put a *.yaml file there.")
        for path, name in found.items():
            paths.setdefault(path.resolve(), (path, name))
    return dict(paths.values())


def _named(argument: str) -> Iterator[tuple[Path, str]]:
    path = Path(argument)
    if "/" in argument and path.is_dir():
        return _folder(path, path)
    if "/" in argument and path.exists():
        return iter([(path, path.name)])
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


def _entries(suite: str, entries: Sequence[str]) -> Iterator[tuple[Path, str]]:
    root = data_path("scenarios")
    for entry in entries:
        if entry.endswith("/"):
            found = list(_folder(root / entry, root.parent))
        else:
            found = [(path, name) for path, name in _folder(root, root.parent) if path.stem == entry]
        if not found:
            raise ScenarioError(
                f"{root / 'suites.yaml'}:1: the entry '{entry}' of the suite '{suite}' names no file. An entry is the "
                "id of a trade-off, or a folder that ends in '/'. Mend the entry."
            )
        yield from found


def _folder(folder: Path, root: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.rglob("*.yaml")):
        if path.name not in _NOT_TRADEOFFS:
            yield path, path.relative_to(root).as_posix()


def _suites() -> Mapping[str, tuple[str, ...]]:
    with faults_as(ScenarioError):
        return read_as(load_yaml(data_path("scenarios") / "suites.yaml"), _SuitesFile).root
