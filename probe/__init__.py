"""Measures what open-weight language models say they prefer against what they choose.

Importing this package loads neither torch nor transformers; `run` does, when it is called.
"""

from probe.commands.comparison import Comparison, compare
from probe.errors import ProbeError
from probe.run import Results, run
from probe.study.loglikelihood import read

__all__ = ["Comparison", "ProbeError", "Results", "__version__", "compare", "read", "run"]

__version__ = "0.1.0"


def __dir__() -> list[str]:
    """What is public, and nothing else."""
    return sorted(__all__)
