"""Suites: which trade-off files a study is made of."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ConfigDict, RootModel

from probe.design.data import data_path
from probe.design.fields import Id
from probe.design.paths import is_folder, is_there
from probe.design.strict_yaml import faults_as, load_yaml
from probe.design.tradeoffs import TradeOffFile, load_tradeoff
from probe.design.typed_yaml import did_you_mean, listed, read_as
from probe.errors import ScenarioError

__all__ = ["SuitesFile", "load_suites", "split_names", "suite_kinds", "suite_names", "suite_paths"]

_NOT_TRADEOFFS = ("suites.yaml", "template.yaml")
_GIVE = (
    " `probe list suites` prints the trade-offs. Name one of them, or give the path of a trade-off file or of a "
    "folder that holds some."
)


class SuitesFile(RootModel[dict[Id, tuple[str, ...]]]):
    """The shape of ``suites.yaml``."""

    model_config = ConfigDict(frozen=True)


@dataclass(frozen=True, slots=True)
class _Named:
    """A trade-off file that an argument stands for, and what a study calls it."""

    path: Path
    name: str


def suite_names() -> tuple[str, ...]:
    """Names of the suites that ship with probe, in the order of ``scenarios/suites.yaml``."""
    return tuple(_suites())


def suite_kinds() -> dict[str, Collection[str]]:
    """Names of suites, trade-offs and families that ship, by kind."""
    return {"suite": _suites(), "trade-off": _shipped_ids(), "family": _families()}


def split_names(arguments: Sequence[str]) -> tuple[str, ...]:
    """The single names and paths of arguments that may hold several by comma, each once.

    What exists on disk is one path, commas and all.

    Example:
        >>> split_names(["gift, trail", "honesty", "gift"])
        ('gift', 'trail', 'honesty')
    """
    parts = (
        part.strip()
        for argument in arguments
        for part in ([argument] if argument and is_there(Path(argument)) else argument.split(","))
    )
    return tuple(dict.fromkeys(parts))


def load_suites(names: Sequence[str]) -> tuple[TradeOffFile, ...]:
    """The trade-offs of suites, ids, families, files or folders, sorted by id; a file named twice is read once.

    Raises:
        ScenarioError: A name stands for nothing, a file is wrong, or two files hold a trade-off of the same id.
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
    """The files that names and paths stand for, each once, with the name that a study gives it.

    Raises:
        ScenarioError: A name stands for nothing, or for no file.
    """
    found: dict[Path, _Named] = {}
    for argument in split_names(names):
        named = list(_named(argument))
        if not named:
            raise ScenarioError(f"suite '{argument}': holds no trade-off file. Put a *.yaml file there.")
        for one in named:
            found.setdefault(one.path.resolve(), one)
    return {one.path: one.name for one in found.values()}


def _named(argument: str) -> Iterator[_Named]:
    """What ships under a name, or else what exists on disk."""
    suites, ids, families = _suites(), _shipped_ids(), _families()
    if argument in suites:
        return _entries(argument, suites[argument])
    if argument in ids:
        return iter([ids[argument]])
    root = data_path("scenarios")
    if argument in families:
        return _folder(root / argument, root.parent)
    if argument and is_there(Path(argument)):
        path = Path(argument)
        return _folder(path, path) if path.is_dir() else iter([_Named(path, path.name)])
    raise ScenarioError(
        f"suite '{argument}': no suite, trade-off or family that ships, and no file or folder here."
        f"{_suggestion(argument, suite_kinds())}"
    )


def _suggestion(argument: str, kinds: Mapping[str, Collection[str]]) -> str:
    """The name or file that is meant, with its kind; where none is near, what there is."""
    path = Path(argument)
    if "/" in argument and is_folder(path.parent):
        return did_you_mean(path.name, [one.name for one in path.parent.iterdir()]) or _GIVE
    meant = did_you_mean(argument, [name for names in kinds.values() for name in names])
    for kind, names in kinds.items():
        for name in names:
            if meant == f" Did you mean '{name}'?":
                return f" Did you mean the {kind} '{name}'?"
    return f" Suites are {listed(kinds['suite'])}; families are {listed(kinds['family'])}.{_GIVE}"


def _entries(suite: str, entries: Sequence[str]) -> Iterator[_Named]:
    root, ids = data_path("scenarios"), _shipped_ids()
    for entry in entries:
        found = list(_folder(root / entry, root.parent)) if entry.endswith("/") else _one(ids, entry)
        if not found:
            raise ScenarioError(
                f"{root / 'suites.yaml'}:1: the entry '{entry}' of the suite '{suite}' names no file. An entry is the "
                "id of a trade-off, or a folder that ends in '/'. Mend the entry."
            )
        yield from found


def _one(ids: Mapping[str, _Named], name: str) -> list[_Named]:
    return [ids[name]] if name in ids else []


def _shipped_ids() -> dict[str, _Named]:
    """Every file that ships, by the id of its trade-off, which is the file's name."""
    root = data_path("scenarios")
    return {one.path.stem: one for one in _folder(root, root.parent)}


def _families() -> tuple[str, ...]:
    """Families of the whole suite: each has a folder of its name."""
    return tuple(entry.rstrip("/") for entry in _suites().get("all", ()) if entry.endswith("/"))


def _folder(folder: Path, root: Path) -> Iterator[_Named]:
    """Files at any depth, but for those that run folders below keep of their own studies."""
    runs = {path.parent for path in folder.rglob("manifest.json")} - {folder}
    for path in sorted(folder.rglob("*.yaml")):
        if path.name not in _NOT_TRADEOFFS and runs.isdisjoint(path.parents):
            yield _Named(path, path.relative_to(root).as_posix())


def _suites() -> Mapping[str, tuple[str, ...]]:
    with faults_as(ScenarioError):
        return read_as(load_yaml(data_path("scenarios") / "suites.yaml"), SuitesFile).root
