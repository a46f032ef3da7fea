"""The way goods take through a factory, as data: what moves, through which stages.

A flow file names the kinds of things (roll, bundle, garment …) by the look of their keys, and the
stages in the order of the floor. No other module knows a stage by name.

>>> flow = Flow.parse('''
... name = "tiny"
... title = "One table"
... [[kind]]
... name = "garment"
... title = "Garment"
... form = "thing"
... patterns = ["/01/*/21/*"]
... [[stage]]
... name = "packing"
... title = "Packing"
... step = "packing"
... event = "ObjectEvent"
... action = "OBSERVE"
... counts = ["garment"]
... [[stage.work]]
... takes = ["garment"]
... ''')
>>> flow.kind_of("/01/09506000134352/21/7").title
'Garment'
>>> flow.stage_of(None, "packing").number
0
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

Form = Literal["thing", "lot", "holding"]
Observes = Literal["nothing", "count", "move"]

STAGES_MAX = 62
"""Stages reached are bits of one signed 64-bit integer; the sign and one spare bit stay free."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of thing that moves: rolls, bundles, garments, cartons."""

    name: str
    title: str
    form: Form
    """`thing` has a serial, `lot` a quantity of its own, `holding` a quantity at a place."""
    patterns: tuple[str, ...]
    """Looks of keys: `*` stands for anything but `/`, at the end of a pattern for anything."""
    unit: str = ""
    """Unit of a lot or holding as EPCIS spells it: empty = pieces, MTR, YRD, KGM."""
    in_stock: bool = True
    """False for what only holds goods, such as a carton."""
    icon: str = "tag"
    titles: tuple[tuple[str, str], ...] = ()
    """Titles in other languages: (language tag, title)."""

    def title_in(self, language: str) -> str:
        """Return the title in a language, or the plain title where none is given."""
        return dict(self.titles).get(language, self.title)


@dataclass(frozen=True, slots=True)
class Work:
    """One way goods reach a stage: what is scanned first, what then belongs to it."""

    opens: tuple[str, ...] = ()
    """Kinds whose scan opens a piece of work: the roll of a lay, a ticket, a carton."""
    takes: tuple[str, ...] = ()
    """Kinds that are then worked on: tickets cut from the roll, garments put into the carton."""
    carries: tuple[str, ...] = ()
    """Kinds that pass with their contents inside: cartons through a gate."""
    marked: tuple[str, ...] = ()
    """Only for orders marked so (rfid, barcode, counted); empty = for all."""
    each: bool = False
    """True: every item taken closes the pass, so that each has an event of its own."""
    opens_many: bool = False
    """True: scans that open, one straight after another, open one work together (a lay)."""
    needs_pass: bool = False
    """True: what is incomplete or held is seen at the stage, but has not done it."""
    in_and_out: bool = False
    """True: by hand, the first scan says that it came in, the second that it is done."""
    event: str = ""
    action: str | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the floor, with the EPCIS event that it writes."""

    number: int
    """Place in the file from 0; the bit of "stages reached"."""
    name: str
    title: str
    step: str
    """Business step: a CBV word, or a URI of one's own."""
    event: str
    action: str | None
    operation: str | None = None
    """Word of the floor, written beside the step; needed where two stages share a step."""
    disposition: str | None = None
    counts: tuple[str, ...] = ()
    """Kinds whose pieces make the progress of an order at this stage."""
    observes: Observes = "nothing"
    """What seeing a quantity here does to it: nothing, sets it, moves it."""
    after: tuple[str, ...] = ()
    """Stages of which one must have been passed before."""
    optional: bool = False
    by_other_firm: bool = False
    dwell_hours: int | None = None
    """Waiting longer than this before the next stage is late."""
    transaction: str | None = None
    """Type of business transaction under which the order is named: prodorder, po."""
    works: tuple[Work, ...] = ()
    icon: str = "tag"
    titles: tuple[tuple[str, str], ...] = ()

    def title_in(self, language: str) -> str:
        """Return the title in a language, or the plain title where none is given."""
        return dict(self.titles).get(language, self.title)


@dataclass(frozen=True, slots=True)
class Flow:
    """A whole flow: kinds and stages, as one file says them. Equal when the texts are equal."""

    name: str
    title: str
    kinds: tuple[Kind, ...] = field(repr=False)
    stages: tuple[Stage, ...] = field(repr=False)
    text: str = field(repr=False)
    """The file as it was read; the ledger keeps this."""
    titles: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    summary: str = field(default="", repr=False)
    """One line about whom it suits; empty where it is no template to begin with."""
    summaries: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    _looks: re.Pattern[str] = field(init=False, repr=False, compare=False)
    _by_operation: dict[str, Stage] = field(init=False, repr=False, compare=False)
    _by_step: dict[str, Stage] = field(init=False, repr=False, compare=False)
    _by_name: dict[str, Stage] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # One alternation with a group for each kind: the first kind that fits wins, and a ledger
        # of millions of serials needs no memory for answers that are never asked for again.
        groups = ("(" + "|".join(map(look, kind.patterns)) + ")" for kind in self.kinds)
        object.__setattr__(self, "_looks", re.compile("|".join(groups), re.DOTALL))
        operations = {stage.operation: stage for stage in self.stages if stage.operation}
        steps = {stage.step: stage for stage in self.stages if not stage.operation}
        object.__setattr__(self, "_by_operation", operations)
        object.__setattr__(self, "_by_step", steps)
        object.__setattr__(self, "_by_name", {stage.name: stage for stage in self.stages})

    def __hash__(self) -> int:
        return hash(self.text)

    @staticmethod
    @lru_cache(maxsize=16)
    def parse(text: str) -> Flow:
        """Read a flow file.

        Args:
            text: TOML; docs/flows.md explains every field.

        Raises:
            InvalidFlow: With one sentence that names the kind or stage, the value, and what was
                expected instead.
        """
        # One text gives one flow: what is kept by flow elsewhere is then found without comparing.
        from traceability.flow_file import parse_flow

        return parse_flow(text)

    def kind_of(self, key: str) -> Kind | None:
        """Return the kind of a key: the first, in file order, with a pattern that fits."""
        found = self._looks.fullmatch(key)
        # lastindex counts groups from 1, and each kind is exactly one group.
        return self.kinds[found.lastindex - 1] if found and found.lastindex else None

    def summary_in(self, language: str) -> str:
        """Return the one line about the flow in a language, or the plain one."""
        return dict(self.summaries).get(language, self.summary)

    def title_in(self, language: str) -> str:
        """Return the title in a language, or the plain title where none is given."""
        return dict(self.titles).get(language, self.title)

    def stage_of(self, operation: str | None, step: str | None) -> Stage | None:
        """Return the stage that an event speaks of.

        Args:
            operation: Word of the floor, if the event carries one. It decides alone.
            step: Business step as a bare CBV word or a URI.
        """
        if operation is not None:
            return self._by_operation.get(operation)
        return self._by_step.get(step) if step is not None else None

    def stage(self, name: str) -> Stage | None:
        """Return the stage of a name."""
        return self._by_name.get(name)

    def local_key(self, text: str, namespace: str) -> str | None:
        """Return the local key that a kind of this flow sees in a label's bare text.

        A ticket says `B-17`, not whether that is one thing or a counted class: the patterns of the
        flow say it. The first kind in file order that fits wins.

        Args:
            text: What the label says, trimmed, at most 80 characters.
            namespace: Host name under which this workshop's labels live.
        """
        for kind in self.kinds:
            for word in ("class", "obj"):
                key = f"//{namespace}/{word}/{text}"
                if self.kind_of(key) is kind:
                    return key
        return None


def look(pattern: str) -> str:
    """Return the regular expression of a pattern.

    >>> bool(re.fullmatch(look("/01/*/21/*"), "/01/09506000134352/21/a/b"))
    True
    >>> bool(re.fullmatch(look("/01/*/21/*"), "/01/x/y/21/7"))
    False
    """
    return "".join(_pieces(pattern))


def _pieces(pattern: str) -> Iterable[str]:
    for index, letter in enumerate(pattern):
        if letter != "*":
            yield re.escape(letter)
        elif index == len(pattern) - 1:
            yield ".+"
        else:
            yield "[^/]+"
