"""The long-lived child processes that render templates: started when first needed, again after one was killed."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
import warnings
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from probe.errors import EnvironmentFault
from probe.prompts.template_child import CPU_SECONDS, MEMORY

__all__ = ["RenderError", "TemplateRenderer", "renderers"]

_SCRIPT = Path(__file__).with_name("template_child.py")

_PASSED_ON = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "VIRTUAL_ENV")
"""All that a child knows of the environment: no token, no home."""


class RenderError(Exception):
    """A template failed on a conversation, or cost more than it may."""


@dataclass
class TemplateRenderer:
    """A child process that renders; calls of several threads take turns.

    Attributes:
        seed: Its hash seed; the one with another than zero also has other addresses.
    """

    seed: int
    _child: subprocess.Popen[bytes] | None = None
    _limits: tuple[str, ...] | None = None
    _owner: int = 0
    _spent: dict[str, str] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, source: str, **request: Any) -> dict[str, Any]:  # noqa: ANN401  what JSON can hold
        """What the child answers about a template.

        Args:
            source: The template's source.
            request: See `template_child.main`.

        Raises:
            RenderError: The template fails, or costs more than it may: then it is not tried again.
            EnvironmentFault: No child can be started.
        """
        with self._turn:
            if source not in self._spent:
                found = self._answer({"source": source, **request})
                if "failed" in found:
                    raise RenderError(found["failed"])
                if "spent" not in found:
                    return found
                self._spent[source] = found["spent"]
            raise RenderError(self._spent[source])

    def start(self) -> None:
        """Start the child, if there is none, without waiting for it."""
        if self._child is None or self._owner != os.getpid():
            environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
            environment |= {"PYTHONHASHSEED": str(self.seed), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
            self._child = subprocess.Popen(
                [sys.executable, "-P", str(_SCRIPT), *(["moved"] if self.seed else [])],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            self._owner, self._limits = os.getpid(), None

    def limits(self) -> tuple[str, ...]:
        """Which limits this system keeps: ``cpu``, ``memory``.

        Raises:
            EnvironmentFault: No child can be started.
        """
        self.start()
        if self._limits is None:
            line = self._child.stdout.readline()  # type: ignore[union-attr]
            if not line:
                self.stop()
                raise EnvironmentFault(
                    "chat templates cannot be rendered: their process ends at its start. Try `python -c 'from "
                    "transformers.utils import chat_template_utils'` and install what is missing."
                )
            self._limits = tuple(json.loads(line)["limits"])
        return self._limits

    def stop(self) -> int:
        """End the child; its exit code."""
        child, self._child = self._child, None
        if child is None or self._owner != os.getpid():
            return 0
        with contextlib.suppress(BrokenPipeError):  # what was written to a child that is gone
            child.stdin.close()  # type: ignore[union-attr]
        child.stdout.close()  # type: ignore[union-attr]
        return child.wait()

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if "cpu" not in self.limits():
            _say_unlimited()
        try:
            self._child.stdin.write(json.dumps(request).encode() + b"\n")  # type: ignore[union-attr]
            self._child.stdin.flush()  # type: ignore[union-attr]
            line = self._child.stdout.readline()  # type: ignore[union-attr]
        except BrokenPipeError:
            line = b""
        except BaseException:
            self._child.kill()  # type: ignore[union-attr]  # an answer that nobody waited for would be taken for the next
            self.stop()
            raise
        if line.endswith(b"\n"):
            found: dict[str, Any] = json.loads(line)
            return found
        self.stop()
        return {"spent": f"it takes more than {CPU_SECONDS} s of CPU time or {MEMORY >> 20} MiB, and was killed"}


@lru_cache(maxsize=1)
def _say_unlimited() -> None:
    warnings.warn("this system has no limits for processes, so a hostile chat template may run on", stacklevel=2)


@lru_cache(maxsize=1)
def renderers() -> tuple[TemplateRenderer, TemplateRenderer]:
    """The one that renders, and its twin with another hash seed and other addresses."""
    both = TemplateRenderer(seed=0), TemplateRenderer(seed=4711)
    for one in both:
        one.start()
        atexit.register(one.stop)
    return both
