"""The ledger of everything a garment went through, and all that follows from it.

>>> from traceability import __version__
>>> __version__.count(".")
2
"""

from datetime import date

__version__ = "0.1.0"
RELEASED_ON = date(2026, 11, 1)
"""No day on which this version runs is earlier: a clock that says so is wrong. Set with a release,
to a day before it."""
