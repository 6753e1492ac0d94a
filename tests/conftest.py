"""One thread a process, set before torch is imported: with `-n 2` two processes would fight over the same cores."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
