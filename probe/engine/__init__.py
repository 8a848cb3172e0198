"""Loading and reading a model: the only room with torch. Does not know what a principle is."""

import os

# torch, transformers and the hub's library look at these once, when they are first imported.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # deterministic matrix products
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_HUB_DISABLE_UPDATE_CHECK", "1")
os.environ["DISABLE_SAFETENSORS_CONVERSION"] = "1"  # never weights from a conversion bot's pull request
os.environ["USE_HUB_KERNELS"] = "NO"  # never native code that a config or a library downloads
