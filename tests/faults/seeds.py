"""What the fault tests of a run are drawn from: one number, said at its end and at each failure."""

from __future__ import annotations

import os

SETTING = "HANGTAG_FAULT_SEED"
SEED = int(os.environ.get(SETTING, "20260105"))
TOLD = f"faults were drawn from seed {SEED}: {SETTING}={SEED} draws the same again"
