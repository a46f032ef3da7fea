"""A process that has settled looks for forgotten rings less often, and never at what stays."""

from __future__ import annotations

import subprocess
import sys

ASKED = """
import gc
from traceability.long_lived import settle
stays = [[] for _ in range(1000)]
settle()
print(gc.get_freeze_count() > 1000, len(gc.get_objects()) < 1000, gc.get_threshold()[0])
ring = []; ring.append(ring); name = id(ring); del ring
print(gc.collect() >= 1)
"""


def test_what_is_loaded_stays_and_what_comes_after_is_still_collected() -> None:
    said = subprocess.run(
        [sys.executable, "-c", ASKED], capture_output=True, text=True, check=True
    ).stdout
    assert said.split() == ["True", "True", "50000", "True"]
