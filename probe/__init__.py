"""Measures what open-weight language models say they prefer against what they choose.

Importing this package loads neither torch nor transformers; `run` does, when it is called.
"""

from probe.errors import ProbeError
from probe.run import Results, run
from probe.study.loglikelihood import read

__all__ = ["ProbeError", "Results", "__version__", "read", "run"]

__version__ = "0.1.0"
