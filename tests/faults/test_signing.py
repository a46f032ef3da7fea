"""Killed around signing: never two histories, never a signature that the signer forgot."""

from __future__ import annotations

import pytest

from tests.faults.processes import Writers
from tests.faults.seeds import SEED
from tests.faults.shelf import Shelf
from tests.faults.sweep import sweep
from traceability.ledger.crash_points import SIGNING_POINTS

BATCHES = 3
HITS = (2,)
"""Of the second signature: there is one that could be forgotten."""


@pytest.mark.parametrize("point", SIGNING_POINTS)
def test_no_signature_is_forgotten(shelf: Shelf, writers: Writers, point: str) -> None:
    done = sweep(shelf, writers, point, SEED, batches=BATCHES, clean="", hits=HITS, signs=True)
    assert (done.kills, done.problems) == (len(HITS), [])
