"""What the tests of printers share with those of labels: a ledger with an order."""

from __future__ import annotations

from tests.labels.conftest import ledger

__all__ = ["ledger"]
