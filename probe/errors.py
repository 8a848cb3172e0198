"""Everything that can go wrong and is the user's to mend.

A message says where, what is wrong with what was found, and what to do:

    ProbeError                 exit code 2 unless a subclass says otherwise
    ├── InputError             a file, an argument or an id that was given is wrong
    │   ├── ScenarioError      a trade-off, suite or design file
    │   ├── ModelError         a models.yaml entry, a model folder, its weights or its tokenizer
    │   ├── TokenPlanError     a label that cannot be read after this prompt
    │   └── StudyError         a run folder that holds another study, or is damaged
    └── EnvironmentFault       exit code 3: no such device, nothing cached while offline, disk full

Anything that is raised and is not a ``ProbeError`` is a bug in probe.
"""

from __future__ import annotations

__all__ = [
    "EnvironmentFault",
    "InputError",
    "ModelError",
    "ProbeError",
    "ScenarioError",
    "StudyError",
    "TokenPlanError",
]


class ProbeError(Exception):
    """Base of every error that the user can mend; `exit_code` is what the command returns."""

    exit_code = 2


class InputError(ProbeError):
    """Something that was given is wrong."""


class ScenarioError(InputError):
    """A trade-off, suite or design file is wrong; the message starts with ``file:line:``."""


class ModelError(InputError):
    """A model cannot be found, is not safe to load, or is not what was asked for."""


class TokenPlanError(InputError):
    """A label cannot be read exactly at the decision position of a prompt."""


class StudyError(InputError):
    """A run folder belongs to another study, or its files do not agree with each other."""


class EnvironmentFault(ProbeError):  # noqa: N818  a fault of the machine, not of what was given
    """The machine lacks something that the study needs."""

    exit_code = 3
