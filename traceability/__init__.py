"""The ledger of everything a garment went through, and all that follows from it.

>>> from traceability import __version__
>>> __version__.count(".")
2
"""

__version__ = "0.1.0"
