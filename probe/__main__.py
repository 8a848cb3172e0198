"""`python -m probe`: the same as the command."""

import sys

from probe.cli import main

sys.exit(main())
