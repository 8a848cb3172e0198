"""Runs as a script in a process of its own: renders the templates of strangers under limits that the system keeps.

It imports transformers' renderer and nothing of probe; requests and answers are lines of JSON.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import math
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

try:
    import resource
except ImportError:
    resource = None  # type: ignore[assignment]  # Windows has none

__all__ = ["main"]

CPU_SECONDS = 2
"""CPU seconds that one render may take, and up to one more: the system counts whole ones."""

MEMORY = 512 * 2**20
"""Bytes that a render may take beside what the interpreter and its libraries occupy."""

LARGEST = 10_000_000
"""Characters that one conversation may be written as."""

_CHANCE = frozenset({"random", "lipsum"})
"""What jinja allows in a template and no two renders agree on."""

_BALLAST = 977
"""Objects that move the addresses of all later ones, where the system itself moves none."""


class _Clock(dt.datetime):
    """What a template takes for the clock: it stands still."""

    at = 0.0

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> _Clock:
        """The time that the request names."""
        return cls.fromtimestamp(cls.at, tz or dt.UTC)


def main(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests, a line each, until there are no more; the first line tells which limits are kept."""
    from transformers.utils import chat_template_utils  # noqa: PLC0415

    chat_template_utils.datetime = _Clock  # type: ignore[attr-defined]
    chat_template_utils._compile_jinja_template = _compiled
    _answer(answers, {"limits": _limit_memory()})
    for line in requests:
        asked = json.loads(line)
        _renew_time()
        try:
            found = _read(asked["source"]) if asked["do"] == "read" else {"texts": _render(asked)}
        except MemoryError:
            found = {"spent": f"it takes more than {MEMORY >> 20} MiB of memory"}
        except BaseException as error:  # noqa: BLE001  a template may raise anything
            found = {"failed": f"{type(error).__name__}: {_text(error)}"}
        _answer(answers, found)


def _answer(answers: BinaryIO, found: dict[str, Any]) -> None:
    answers.write(json.dumps(found).encode() + b"\n")
    answers.flush()


def _text(error: BaseException) -> str:
    try:
        return str(error)[:2000]
    except Exception:  # noqa: BLE001  its text may be a template's own object
        return ""


def _limit_memory() -> list[str]:
    if resource is None:
        return []
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    kept = ["cpu"]
    try:
        occupied = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (occupied + MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    except (OSError, ValueError):
        return kept
    return [*kept, "memory"]


def _renew_time() -> None:
    """Let the next render begin with all of its CPU time; past it the system ends the process."""
    if resource is not None:
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time()) + CPU_SECONDS, hard))


@functools.lru_cache(maxsize=64)
def _compiled(source: str) -> Any:  # noqa: ANN401  jinja2's template
    from transformers.utils.chat_template_utils import _cached_compile_jinja_template  # noqa: PLC0415

    return _cached_compile_jinja_template(source)


def _render(asked: dict[str, Any]) -> list[str]:
    from transformers.utils.chat_template_utils import render_jinja_template  # noqa: PLC0415

    _Clock.at = asked["date"]
    texts = []
    for turns in asked["conversations"]:
        _renew_time()
        text = render_jinja_template(
            [turns], chat_template=asked["source"], add_generation_prompt=asked["prompt"], **asked["given"]
        )[0][0]
        if len(text) > LARGEST:
            raise MemoryError
        texts.append(str(text))
    return texts


def _read(source: str) -> dict[str, Any]:
    """Names that a template reads and nothing in it sets or calls, and what in it draws at random."""
    import jinja2  # noqa: PLC0415
    from jinja2 import meta, nodes  # noqa: PLC0415

    try:
        tree = _compiled(source).environment.parse(source)
    except jinja2.TemplateSyntaxError as error:
        return {"syntax": [error.lineno, error.message]}
    called = {call.node.name for call in tree.find_all(nodes.Call) if isinstance(call.node, nodes.Name)}
    filters = list(tree.find_all(nodes.Filter))
    mapped = (const for one in filters if one.name == "map" for const in one.find_all(nodes.Const))
    named = {node.value for node in mapped if isinstance(node.value, str)}
    names = {one.name for one in filters} | named | {node.name for node in tree.find_all(nodes.Name)}
    return {"names": sorted(meta.find_undeclared_variables(tree) - called), "chance": sorted(names & _CHANCE)}


if __name__ == "__main__":
    ballast = [object() for _ in range(_BALLAST * (sys.argv[1:] == ["moved"]))]
    main(sys.stdin.buffer, sys.stdout.buffer)
