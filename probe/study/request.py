"""What is asked for: the flags of `probe run`, as given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from probe.engine.precision import Precision
from probe.errors import InputError

if TYPE_CHECKING:
    pass

__all__ = ["ENGINES", "PACK_TOKENS", "READERS", "Request", "refuse_unknown_engine"]


READERS = ("auto", "trie", "plain")
"""Ways to read a pack."""


ENGINES = ("local", "ray", "slurm")
"""Who schedules the workers of a run."""


PACK_TOKENS = 4096
"""Default budget of a forward pass, in tokens."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for, as given: the flags of `probe run`.

    Attributes:
        models: models.yaml ids, hub ids or folders.
        suites: Names of suites, trade-offs or families, or paths, several by comma; empty for the model's own default.
        design: Name or path.
        limit: First clusters of each side of each trade-off, whole, and all controls; or None for all.
        validate: Cells of each side whose answers the model also writes; 0 for none.
        dtype: Of the weights; ``auto`` as stored.
        quant: ``none``, ``int8`` or ``nf4``.
        compute: ``native`` or ``fp32``.
        device: ``cuda``, ``cpu`` ...; None to use a GPU if there is one.
        revision: Commit, tag or branch on the hub.
        models_file: The user's own models.yaml.
        offline: Never reach for the hub.
        reader: Which reader; ``auto`` chooses.
        exact: Whether results are to be equal to the last bit to each prompt read alone.
        pack_tokens: Budget of a forward pass.
        system: System text given with every question; None to say nothing, which leaves a template's own.
        system_merge: Put it before the question, in the user's turn.
        engine: Who schedules the workers: ``local``, ``ray`` or ``slurm``.
        workers: How many; None for one on each card, or this process alone.
        threads: CPU threads of each, for a pack each; None for one where there are workers, else torch's own number.
        cards: GPUs of each; a model is spread over more than one.
        ray_address: Of a Ray cluster; None to start one here.
        slurm: Options of the jobs, as name and value.
    """

    models: tuple[str, ...] = ("demo",)
    suites: tuple[str, ...] = ()
    design: str = "standard"
    limit: int | None = None
    validate: int = 0
    dtype: str = "auto"
    quant: str = "none"
    compute: str = "native"
    device: str | None = None
    revision: str | None = None
    models_file: Path | None = None
    offline: bool = False
    reader: str = "auto"
    exact: bool = False
    pack_tokens: int = PACK_TOKENS
    system: str | None = None
    system_merge: bool = False
    engine: str = "local"
    workers: int | None = None
    threads: int | None = None
    cards: int | None = None
    ray_address: str | None = None
    slurm: tuple[tuple[str, str], ...] = ()

    @property
    def precision(self) -> Precision:
        """In which numbers the models are kept and computed.

        Raises:
            InputError: A name is not known.
        """
        return Precision(self.dtype, self.quant, self.compute)


def refuse_unknown_engine(request: Request) -> None:
    """Refuse a scheduler that is not known, and options of another one.

    Raises:
        InputError: Naming the option.
    """
    if request.engine not in ENGINES:
        raise InputError(f"--engine {request.engine}: not known. Use one of {', '.join(ENGINES)}.")
    for option, number in (("workers", request.workers), ("threads", request.threads), ("cards", request.cards)):
        if number is not None and number < 1:
            raise InputError(f"--{option} {number}: not a number of {option}. Give 1 or more, or leave it out.")
    if request.ray_address is not None and request.engine != "ray":
        raise InputError("--ray-address: is an option of --engine ray. Give both, or neither.")
    if request.slurm and request.engine != "slurm":
        raise InputError(f"--slurm-{request.slurm[0][0]}: is an option of --engine slurm. Give both, or neither.")
