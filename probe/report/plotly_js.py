"""The library that draws figures in the page: plotly.js of the installed package, bracketed to start sooner."""

from __future__ import annotations

import re
from functools import lru_cache

from plotly.offline import get_plotlyjs

__all__ = ["bracketed", "drawing_library"]

_FACTORY = re.compile(r'(?<=, )\(\) => \{\s*"use strict".*\}(?=\)+;\s*\Z)', re.DOTALL)
"""The function that holds the library, where it is handed to the one that runs it."""


@lru_cache(maxsize=1)
def drawing_library() -> str:
    """Its text."""
    return bracketed(get_plotlyjs())


def bracketed(library: str) -> str:
    """The same program with a bracket around the function that holds all of it.

    Of a function without one a browser first looks only for the end, and reads it again when it is run; here that is
    nearly five megabytes. A text of another shape is left as it is.

    Example:
        >>> print(bracketed('(function (f) { f(); })(this, () => {"use strict"; run();});'))
        (function (f) { f(); })(this, (() => {"use strict"; run();}));
    """
    return _FACTORY.sub(lambda found: f"({found[0]})", library, count=1)
