"""What can go wrong in the ledger and around it, told apart by what the caller does next.

::

    TraceabilityError         catch this to catch them all
    ├── InvalidIdentifier     a code or tag is not what its standard demands: show it, keep it raw
    ├── InvalidEvent          an event or its JSON breaks a rule: its sender must correct it
    ├── InvalidFlow           a flow file is wrong: show the sentence, keep the old flow
    ├── Refused               understood, but not allowed here: another way is needed
    │   └── TooLarge          more than is taken at once: cut it apart and send the parts
    ├── Conflict              a known id came with other content: the first stays, a person looks
    ├── LedgerCorrupt         stored bytes contradict their proofs: stop, do not go on
    ├── DatabaseBusy          nothing was stored: try again later
    │   ├── DiskFull          the same, and a person must make room first
    │   └── ClockDoubted      the same, and a person must say what time it is
    └── Offline               the other side does not answer: keep it in the spool

>>> str(InvalidIdentifier("Cannot read '12' as SSCC: expected 18 digits, got 2.", position=2))
"Cannot read '12' as SSCC: expected 18 digits, got 2."
"""


class TraceabilityError(Exception):
    """Root of every error that the ledger and its parts raise on purpose."""


class InvalidIdentifier(TraceabilityError):
    """A code, tag or name is not what its standard demands.

    Args:
        message: One sentence: what failed, on which value, what was expected, what came.
        position: The first offending character of the input, counted from 0.
    """

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(message)
        self.position = position


class InvalidFlow(TraceabilityError):
    """A flow file says something that cannot be; the sentence names the kind or stage."""


class InvalidEvent(TraceabilityError):
    """An event, or the JSON it came in, breaks a rule; nothing of it was stored."""


class Refused(TraceabilityError):
    """A request was understood and may not be done here; nothing was stored."""


class TooLarge(Refused):
    """More was sent than is taken at once; nothing was stored."""


class Conflict(TraceabilityError):
    """An id that the ledger knows came again with other content; the first one stays."""


class LedgerCorrupt(TraceabilityError):
    """What is stored contradicts itself; appending on top of it would hide the damage."""


class DatabaseBusy(TraceabilityError):
    """The database could not take a change in time; nothing was stored."""


class DiskFull(DatabaseBusy):
    """The disk has no room for a change; nothing was stored, and reading goes on."""


class ClockDoubted(DatabaseBusy):
    """The server's clock is not believed; nothing was stored until somebody says it is right."""


class Offline(TraceabilityError):
    """A server or a line does not answer; what was to be said waits."""
