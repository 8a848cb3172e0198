"""In which numbers a model is kept and computed: a part of what is measured, so every choice is stated."""

from __future__ import annotations

from dataclasses import dataclass

from probe.errors import InputError

__all__ = ["COMPUTES", "DTYPES", "QUANTISATIONS", "Precision"]

DTYPES = ("auto", "float32", "bfloat16", "float16")
QUANTISATIONS = ("none", "int8", "nf4")
COMPUTES = ("native", "fp32")


@dataclass(frozen=True, slots=True)
class Precision:
    """How weights are kept and computed with.

    Attributes:
        dtype: Of the weights that are not quantised; ``auto`` as stored.
        quant: ``none``, or bitsandbytes' ``int8`` or ``nf4`` for the linear layers inside the model.
        compute: ``native`` in the weights' dtype, ``fp32`` each module in float32 from weights kept as they are.

    Raises:
        InputError: A name is not known.
    """

    dtype: str = "auto"
    quant: str = "none"
    compute: str = "native"

    def __post_init__(self) -> None:
        for flag, value, known in (
            ("--dtype", self.dtype, DTYPES),
            ("--quant", self.quant, QUANTISATIONS),
            ("--compute", self.compute, COMPUTES),
        ):
            if value not in known:
                raise InputError(f"{flag} {value}: not known. Use one of {', '.join(known)}.")
