r"""Whose word is enough: which logs are known, which witnesses, and how many must have signed.

A policy is a small file that an auditor writes once and keeps to himself. It names witnesses by
their keys, puts them into groups, and says which group must have seen a checkpoint.

Source: C2SP tlog-policy.

>>> key = "brand.example/witness+5f87b08f+BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g"
>>> policy = Policy.parse(f"witness brand {key}\nquorum brand\n")
>>> [witness.name for witness in policy.witnesses], policy.quorum
(['brand'], 'brand')
>>> Policy.parse("quorum nobody\n")  # doctest: +ELLIPSIS
Traceback (most recent call last):
...
traceability.ledger.proof.policy.InvalidPolicy: Line 1 of the policy: 'nobody' ...
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from traceability.errors import Refused
from traceability.ledger.proof.note import COSIGNATURE, ED25519, InvalidNote, Opened, Verifier

NONE: Final = "none"
"""The quorum that asks for no witness."""
SIZE_MAX: Final = 1_000_000
"""Bytes of a policy file."""
_FOREIGN = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_BLANKS = re.compile(r"[ \t]+")
_COUNT = re.compile(r"[1-9][0-9]{0,5}")
_WORDS = {"log": (2, 3), "witness": (3, 4), "group": (4, None), "quorum": (2, 2)}
"""How many words a line of each kind may have."""


class InvalidPolicy(Refused):
    """A policy file says what cannot be; the sentence names the line."""


@dataclass(frozen=True, slots=True)
class Log:
    """A log whose checkpoints are accepted."""

    verifier: Verifier
    url: str


@dataclass(frozen=True, slots=True)
class Witness:
    """One who signs what he has seen of a log."""

    name: str
    """In this file alone; the key has a name of its own."""
    verifier: Verifier
    url: str
    """Where it takes checkpoints; empty for one that is only checked."""


@dataclass(frozen=True, slots=True)
class Group:
    """So many of these, each a witness or another group."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quorum:
    """What a policy makes of a checkpoint."""

    is_met: bool
    """Enough witnesses signed."""
    by: tuple[tuple[str, int], ...]
    """Witnesses of the policy that signed: name, and the time they say, seconds since 1970."""
    missing: tuple[str, ...]
    """Witnesses of the policy that did not."""
    is_known_log: bool
    """A log of the policy signed, or the policy names none."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy file, read and found to be sound."""

    logs: tuple[Log, ...]
    witnesses: tuple[Witness, ...]
    groups: tuple[Group, ...]
    """In the order of the file: a group only names what stands above it."""
    quorum: str
    """A witness, a group, or `NONE`."""

    @classmethod
    def parse(cls, text: str | bytes) -> Policy:
        """Read a policy file.

        Args:
            text: Bytes beyond ASCII are left as they are: a name is the same only octet by octet.

        Raises:
            InvalidPolicy: On the first line that is not as the standard has it.
        """
        data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
        if len(data) > SIZE_MAX:
            raise InvalidPolicy(f"A policy has at most {SIZE_MAX} bytes, got {len(data)}.")
        reading = _Reading()
        for number, line in enumerate(data.split(b"\n"), start=1):
            try:
                reading.line(line)
            except (InvalidPolicy, InvalidNote) as error:
                raise InvalidPolicy(f"Line {number} of the policy: {error}") from error
        if reading.quorum is None:
            raise InvalidPolicy("The policy has no line 'quorum NAME': write 'quorum none' for it.")
        return cls(
            tuple(reading.logs),
            tuple(reading.witnesses),
            tuple(reading.groups),
            reading.quorum,
        )

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        """The keys of all logs and witnesses, to open a note with."""
        return (
            *(log.verifier for log in self.logs),
            *(witness.verifier for witness in self.witnesses),
        )

    @property
    def asks_nobody(self) -> bool:
        """Say whether a checkpoint needs no witness: it is then its operator's word alone."""
        return self.quorum == NONE

    def check(self, opened: Opened) -> Quorum:
        """Say whether enough witnesses signed a checkpoint.

        Args:
            opened: Opened with `verifiers`, and with the log's key if the policy names no log.
        """
        times = dict(opened.by)
        signed = [witness for witness in self.witnesses if witness.verifier in times]
        holds = {witness.name: witness in signed for witness in self.witnesses}
        for group in self.groups:
            holds[group.name] = sum(holds[one] for one in group.members) >= group.threshold
        return Quorum(
            is_met=self.asks_nobody or holds[self.quorum],
            by=tuple((witness.name, times[witness.verifier] or 0) for witness in signed),
            missing=tuple(one.name for one in self.witnesses if one not in signed),
            is_known_log=not self.logs or any(log.verifier in times for log in self.logs),
        )


class _Reading:
    """What has been read of a policy so far."""

    def __init__(self) -> None:
        self.logs: list[Log] = []
        self.witnesses: list[Witness] = []
        self.groups: list[Group] = []
        self.quorum: str | None = None
        self._defined: set[str] = set()
        self._members: set[str] = set()

    def line(self, line: bytes) -> None:
        if found := _FOREIGN.search(line):
            raise InvalidPolicy(
                f"byte 0x{found.group().hex()} is no text; lines end with a newline alone."
            )
        words = list(self._words(line.decode("utf-8", "surrogateescape")))
        if not words:
            return
        low, high = _WORDS.get(words[0], (0, 0))
        if not low:
            raise InvalidPolicy(f"expected log, witness, group or quorum, got {words[0][:40]!a}.")
        if len(words) < low or (high is not None and len(words) > high):
            wanted = f"{low} words" if high == low else f"{low} to {high} words"
            wanted = f"at least {low} words" if high is None else wanted
            raise InvalidPolicy(f"a {words[0]} line has {wanted}, this one has {len(words)}.")
        getattr(self, f"_{words[0]}")(*words[1:])

    @staticmethod
    def _words(line: str) -> Iterator[str]:
        bare = line.strip(" \t")
        if bare and not bare.startswith("#"):
            yield from _BLANKS.split(bare)

    def _log(self, vkey: str, url: str = "") -> None:
        verifier = Verifier.parse(vkey)
        if verifier.algorithm != ED25519:
            raise InvalidPolicy(
                f"a log signs with type {ED25519}, this key has {verifier.algorithm}."
            )
        if any(log.verifier.key == verifier.key for log in self.logs):
            raise InvalidPolicy(f"the key of {verifier.name!r} stands above already.")
        self.logs.append(Log(verifier, url))

    def _witness(self, name: str, vkey: str, url: str = "") -> None:
        verifier = Verifier.parse(vkey)
        if verifier.algorithm != COSIGNATURE:
            raise InvalidPolicy(
                f"a witness signs with type {COSIGNATURE}, this key has {verifier.algorithm}."
            )
        if any(witness.verifier.key == verifier.key for witness in self.witnesses):
            raise InvalidPolicy(f"the key of {verifier.name!r} stands above already.")
        self._define(name)
        self.witnesses.append(Witness(name, verifier, url))

    def _group(self, name: str, threshold: str, *members: str) -> None:
        for member in members:
            if member not in self._defined:
                raise InvalidPolicy(f"{member!r} is not defined above.")
            if member in self._members:
                raise InvalidPolicy(f"{member!r} is in a group already: one witness, one voice.")
            self._members.add(member)
        count = {"any": 1, "all": len(members)}.get(threshold)
        if count is None and _COUNT.fullmatch(threshold):
            count = int(threshold)
        if count is None or count > len(members):
            raise InvalidPolicy(
                f"expected any, all or a number from 1 to {len(members)}, got {threshold[:20]!r}."
            )
        self._define(name)
        self.groups.append(Group(name, count, members))

    def _quorum(self, name: str) -> None:
        if self.quorum is not None:
            raise InvalidPolicy("there is a quorum above already.")
        if name != NONE and name not in self._defined:
            raise InvalidPolicy(f"{name!r} is not defined above.")
        self.quorum = name

    def _define(self, name: str) -> None:
        if name == NONE:
            raise InvalidPolicy(f"nothing can be called {NONE!r}: it stands for no witness.")
        if name in self._defined:
            raise InvalidPolicy(f"{name!r} is defined above already.")
        self._defined.add(name)
