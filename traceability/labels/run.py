"""A print run: which labels are wanted, of which kind, from which one to which one.

>>> Run("ticket", order="118", first="B-10006").query()
{'what': 'ticket', 'order': '118', 'from': 'B-10006'}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

from traceability.errors import Refused
from traceability.labels import garments, logistic_units, rolls, tickets
from traceability.labels.codes import ShortCode, WrongCode, parse_code
from traceability.labels.garments import Garment
from traceability.labels.label import Label
from traceability.labels.of_record import (
    badge_labels,
    carton_labels,
    garment_labels,
    logistic_labels,
    roll_labels,
    ticket_labels,
)
from traceability.labels.rolls import Roll
from traceability.labels.tickets import Ticket
from traceability.labels.wording import Wording
from traceability.projections.people import people, person
from traceability.projections.search import candidates
from traceability.projections.view import View

__all__ = ["COPIES_MAX", "KINDS", "RUN_MAX", "LabelKind", "Run", "Thing", "find", "named", "things"]

LabelKind = Literal["ticket", "hang-tag", "roll", "carton", "logistic", "person"]
KINDS: tuple[LabelKind, ...] = get_args(LabelKind)
RUN_MAX = 2_000
"""Labels of one run, as many as are numbered at once."""
COPIES_MAX = 9
COPIED = ("roll", "carton", "logistic", "person")
"""Kinds of which a thing may carry several; a second ticket or hang-tag would count twice."""

Thing = Ticket | Garment | Roll | str
"""What a label is of; cartons and people by their keys."""
One = TypeVar("One", Ticket, Garment)


@dataclass(frozen=True, slots=True)
class Run:
    """What is to be printed; empty members set no bound.

    Raises:
        Refused: If the number of copies cannot be.
    """

    kind: LabelKind
    order: str = ""
    """Number of an order."""
    product: str = ""
    """Key of a product, of hang-tags."""
    first: str = ""
    """Code or key of the first one."""
    last: str = ""
    copies: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.copies <= COPIES_MAX:
            raise Refused(
                f"Cannot print {self.copies} of each: expected 1 to {COPIES_MAX} of each label."
            )

    def query(self) -> dict[str, str]:
        """Return the run as values of an address; `read` reads it back."""
        given = {
            "what": self.kind,
            "order": self.order,
            "product": self.product,
            "from": self.first,
            "to": self.last,
            "copies": str(self.copies) if self.copies > 1 else "",
        }
        return {name: value for name, value in given.items() if value}

    @staticmethod
    def read(given: Mapping[str, str]) -> Run | None:
        """Read a run from an address; None if it is of no kind that is printed.

        Raises:
            Refused: If the number of copies cannot be.
        """
        what = given.get("what", "")
        kind = next((one for one in KINDS if one == what), None)
        if kind is None:
            return None
        copies = given.get("copies", "1").strip() or "1"
        is_count = copies.isascii() and copies.isdecimal() and len(copies) < 5
        return Run(
            kind,
            order=given.get("order", "")[:80],
            product=given.get("product", "")[:200],
            first=given.get("from", "")[:200],
            last=given.get("to", "")[:200],
            copies=int(copies) if is_count else 0,
        )


# --- the things of a run -------------------------------------------------------------------------


def things(view: View, run: Run) -> Sequence[Thing]:
    """Return what a run has labels of, at most 2,000, in the order in which they are printed.

    Raises:
        WrongCode: If an end of the run is no code, where one is expected.
        Refused: If the range runs backwards, or is too long.
    """
    if run.kind == "ticket":
        return _tickets(view, run)[:RUN_MAX]
    if run.kind == "hang-tag":
        return _garments(view, run)[:RUN_MAX]
    if run.kind == "roll":
        return rolls.between(view, run.first, run.last)[:RUN_MAX]
    if run.kind == "carton":
        return _cartons(view, run)
    if run.kind == "logistic":
        return logistic_units.between(view, run.first, run.last)[:RUN_MAX]
    return [
        one.key for one in people(view) if one.is_active and run.first in ("", one.badge, one.key)
    ]


def _tickets(view: View, run: Run) -> list[Ticket]:
    if run.order:
        return _between(tickets.of_order(view, run.order), run)
    return tickets.between(view, parse_code(run.first, "B"), parse_code(run.last or run.first, "B"))


def _garments(view: View, run: Run) -> list[Garment]:
    if run.order:
        have = garments.of_order(view, run.order)
        return _between([one for one in have if run.product in ("", one.product)], run)
    if run.product:
        return _between(garments.of_product(view, run.product), run)
    one = garments.garment(view, run.first)
    return _between(garments.after(view, one), run) if one is not None else []


def _between(have: Sequence[One], run: Run) -> list[One]:
    """Return what lies between two codes or keys; nothing if one of them is not there."""
    places = {name: place for place, one in enumerate(have) for name in (one.key, one.code)}
    begin = places.get(run.first) if run.first else 0
    end = places.get(run.last) if run.last else len(have) - 1
    return [] if begin is None or end is None else list(have[begin : end + 1])


def _cartons(view: View, run: Run) -> list[str]:
    first = parse_code(run.first, "C")
    last = parse_code(run.last, "C") if run.last else _last_carton(view, first)
    if not 0 <= last.running - first.running < RUN_MAX:
        raise Refused(
            f"Cannot print from {first.digits} to {last.digits}: expected the lower code first "
            f"and at most {RUN_MAX} between them."
        )
    keys = [
        ShortCode("C", running).key(view.namespace)
        for running in range(first.running, last.running + 1)
    ]
    known = view.master("carton", keys)
    return [key for key in keys if key in known]


def _last_carton(view: View, first: ShortCode) -> ShortCode:
    """Return the carton with the largest code, as far as a run reaches."""
    codes = [key.rsplit("/", 1)[-1] for key in view.masters("carton") if key.startswith("//")]
    running = [parse_code(code).running for code in codes if _is_code(code)]
    most = first.running + RUN_MAX - 1
    return ShortCode("C", max((one for one in running if one <= most), default=first.running))


def find(view: View, run: Run, wording: Wording | None = None) -> list[Label]:
    """Return the labels of a run, each as often as it is wanted.

    Args:
        view: The ledger.
        run: What is wanted.
        wording: The words on them; English unless others are given.

    Raises:
        WrongCode: If an end of the run is no code, where one is expected.
        Refused: If the range runs backwards, or is too long.
    """
    return drawn(view, run.kind, things(view, run), wording, copies=run.copies)


def drawn(
    view: View,
    kind: LabelKind,
    of: Sequence[Thing],
    wording: Wording | None = None,
    *,
    copies: int = 1,
) -> list[Label]:
    """Return the labels of things that were found before."""
    words = wording or Wording()
    made: list[Label]
    if kind == "ticket":
        made = ticket_labels(view, [one for one in of if isinstance(one, Ticket)], words)
    elif kind == "hang-tag":
        made = garment_labels(view, [one for one in of if isinstance(one, Garment)], words)
    elif kind == "roll":
        made = roll_labels(view, [one for one in of if isinstance(one, Roll)], words)
    else:
        keys = [one for one in of if isinstance(one, str)]
        if kind == "person":
            found = [person(view, key) for key in keys]
            made = badge_labels(view, [one for one in found if one is not None], words)
        elif kind == "carton":
            made = carton_labels(view, keys, words)
        else:
            made = logistic_labels(view, keys, words)
    return [one for one in made for _ in range(copies)]


# --- what a code that somebody scans or types is the label of -------------------------------------


def named(view: View, said: str) -> Run | None:
    """Return the run of the one label that a code names; None if nobody labelled such a thing.

    Args:
        view: The ledger.
        said: A key, or what was scanned or typed: a short code, a serial's link, a roll's barcode.

    Raises:
        WrongCode: If it looks like a short code, and one digit of it is wrong.
    """
    for key in _keys(view, said):
        if (ticket := tickets.ticket(view, key)) is not None:
            return Run("ticket", order=ticket.order, first=ticket.code, last=ticket.code)
        if (one := garments.garment(view, key)) is not None:
            return Run("hang-tag", order=one.order, first=one.key, last=one.key)
        if rolls.roll(view, key) is not None:
            return Run("roll", first=key, last=key)
        if view.master("carton", [key]):
            code = key.rsplit("/", 1)[-1]
            if key.startswith("/00/"):
                return Run("logistic", first=key, last=key)
            if _is_code(code):
                return Run("carton", first=code, last=code)
        if (someone := person(view, key)) is not None and someone.is_active:
            return Run("person", first=someone.badge, last=someone.badge)
    return None


def _keys(view: View, said: str) -> list[str]:
    text = said.strip()
    if not text:
        return []
    try:
        parse_code(text)
    except WrongCode as error:
        # A supplier's barcode may look like one of our codes: only what is nobody's is a slip.
        found = candidates(view, text)
        is_ours = any(view.master(kind, found) for kind in ("ticket", "roll", "carton", "garment"))
        if error.expected is not None and not is_ours:
            raise
        return found
    return candidates(view, text)


def _is_code(code: str) -> bool:
    try:
        parse_code(code)
    except WrongCode:
        return False
    return True
