"""Array shapes and types of the analysis room are checked while its tests run."""

from jaxtyping import install_import_hook

import probe.analysis.results

with install_import_hook("probe.analysis", "beartype.beartype"):
    import probe.analysis.study  # noqa: F401
