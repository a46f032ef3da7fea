"""Company prefixes and the serial numbers that were given out: for the few who look after them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from traceability.commissioning import blocks, prefixes
from traceability.commissioning.blocks import SerialBlock
from traceability.commissioning.ranges import open_range
from traceability.errors import InvalidIdentifier, Refused
from traceability.gs1.check_digit import check_digit
from traceability.gs1.company import Prefixes, epc_uri_of
from traceability.projections import keys
from traceability.projections.view import Label, View
from traceability.web import access
from traceability.web.clock import now
from traceability.web.reading import current
from traceability.web.sentences import gettext as _

if TYPE_CHECKING:
    from traceability.ledger.append import Ledger

blueprint = Blueprint("company", __name__)

SHOWN_MAX = 12
"""Lines of one product; the newest ones."""
PRODUCTS_MAX = 60
_GTIN = "0950600013435"
"""Body of the product number in the example, where no product of the workshop fits."""


@dataclass(frozen=True, slots=True)
class Example:
    """What a prefix does to one product number."""

    gtin: str
    uri: str
    is_ours: bool
    """A product that was entered here has this number."""


@dataclass(frozen=True, slots=True)
class Given:
    """The serial numbers of one product."""

    label: Label
    count: int
    left: int
    lines: tuple[SerialBlock, ...]
    """The newest ones first; blocks that follow one another with the same holder are one line."""
    earlier: int
    """Lines that are not shown."""


@blueprint.get("/labels/company")
def show() -> str:
    """Show the prefixes that were entered, with an example each, and who got which serials."""
    return _page()


def _page(wrong: str = "", given: Mapping[str, str] | None = None) -> str:
    asked = given if given is not None else request.args
    typed = asked.get("prefix", "").strip()[:60]
    ended = request.args.get("ended", "")
    with current().look() as view:
        known = prefixes.prefixes(view)
        gtins = _gtins(view)
        listed = [(one, _example(one.digits, gtins)) for one in known if not one.is_ended]
        back = next((one for one in known if one.is_ended and one.digits == ended), None)
        all_blocks = blocks.products(view)
        names = view.labels(all_blocks)
        rows = [_given(view, names[product], all_) for product, all_ in all_blocks.items()]
        people = _people(view, (one for row in rows for one in row.lines))
    example, doubt = _try(typed, gtins) if typed and not wrong else (None, "")
    return render_template(
        "company.html",
        listed=listed,
        typed=typed,
        owner=asked.get("owner", ""),
        example=example,
        foreign=gtins[0] if example is not None and gtins and not example.is_ours else "",
        doubt=doubt,
        wrong=wrong,
        back=back,
        rows=sorted(rows, key=lambda row: row.label.name)[:PRODUCTS_MAX],
        more=max(0, len(rows) - PRODUCTS_MAX),
        people=people,
        began=_whole(request.args.get("began", "")),
        may_change=access.role() == "admin",
    )


@blueprint.post("/labels/company")
@access.only("admin")
def enter() -> Response | tuple[str, int]:
    """Enter a prefix, or one again that was ended."""
    typed, owner = request.form.get("prefix", ""), request.form.get("owner", "")
    try:
        prefixes.enter(_ledger(), typed, by=access.by(), owner=owner)
    except InvalidIdentifier:
        return _page(_no_prefix(typed), request.form), 422
    except Refused as error:
        return _page(str(error), request.form), 422
    return redirect(url_for("company.show"), 303)


@blueprint.post("/labels/company/<digits>/end")
@access.only("admin")
def end(digits: str) -> Response:
    """Use a prefix no more."""
    ended = prefixes.end(_ledger(), digits, by=access.by())
    return redirect(url_for("company.show", ended=ended.digits if ended else None), 303)


@blueprint.post("/labels/company/range")
@access.only("admin")
def begin_range() -> Response:
    """Go on with serial numbers that were not reached before."""
    start = open_range(_ledger(), at=now(), by=access.by())
    return redirect(url_for("company.show", began=start) + "#serials", 303)


def _ledger() -> Ledger:
    return cast("Ledger", current().ledger)


def _whole(typed: str) -> int:
    return int(typed) if typed.isdecimal() and len(typed) < 16 else 0


def _gtins(view: View) -> list[str]:
    """Return the product numbers that were entered here."""
    keys_ = sorted(key for key in view.masters("product") if key.startswith("/01/"))
    return [key[4:18] for key in keys_]


def _try(typed: str, gtins: list[str]) -> tuple[Example | None, str]:
    """Return what would be written with a prefix, or what is wrong with it, while it is typed."""
    try:
        return _example(prefixes.read_prefix(typed), gtins), ""
    except InvalidIdentifier:
        is_begun = typed.isdecimal() and len(typed) < 6
        return None, "" if is_begun else _no_prefix(typed)


def _example(digits: str, gtins: Iterable[str]) -> Example | None:
    ours = next((one for one in gtins if one[1:].startswith(digits)), None)
    body = _GTIN if _GTIN[1:].startswith(digits) else "0" + digits.ljust(12, "0")
    gtin = ours or f"{body}{check_digit(body)}"
    try:
        uri = epc_uri_of(f"/01/{gtin}/21/1", Prefixes((digits,)))
    except InvalidIdentifier:  # of zeros alone, or a range that is nobody's
        return None
    return Example(gtin, uri, ours is not None)


def _no_prefix(typed: str) -> str:
    digits = "".join(typed.replace("-", " ").split())[:40]
    if not digits:
        return _("Type the prefix that stands on the certificate from GS1.")
    if digits.isdecimal() and 6 <= len(digits) <= 12:
        return _(
            "%(digits)s cannot be a company prefix: numbers that begin so are for use inside a "
            "company or a country, for coupons or for refunds. Look at the certificate from GS1.",
            digits=digits,
        )
    return _(
        "%(digits)s is no company prefix: it has 6 to 12 digits. Look at the certificate from GS1.",
        digits=digits,
    )


def _given(view: View, label: Label, all_: Sequence[SerialBlock]) -> Given:
    lines = joined(all_)
    lines.reverse()
    return Given(
        label,
        sum(one.count for one in all_),
        blocks.left(view, label.key),
        tuple(lines[:SHOWN_MAX]),
        len(lines[SHOWN_MAX:]),
    )


def joined(all_: Iterable[SerialBlock]) -> list[SerialBlock]:
    """Return blocks with those made one that follow one another and went the same way.

    >>> one, two = SerialBlock("P", 1, 500, "dock"), SerialBlock("P", 501, 1000, "dock")
    >>> [(line.first, line.last) for line in joined([one, two, SerialBlock("P", 1001, 1001)])]
    [(1, 1000), (1001, 1001)]
    """
    lines: list[SerialBlock] = []
    for one in all_:
        last = lines[-1] if lines else None
        if last is not None and last.last + 1 == one.first and _way(last) == _way(one):
            lines[-1] = replace(last, last=one.last)
        else:
            lines.append(one)
    return lines


def _way(block: SerialBlock) -> tuple[str, str, str]:
    return block.holder, block.purpose, block.by


def _people(view: View, listed: Iterable[SerialBlock]) -> dict[str, str]:
    """Return what to call those who asked: devices and owners by the titles of their keys."""
    found = {}
    for by in {one.by for one in listed}:
        key = keys.key(view, by.removeprefix("key:")) if by.startswith("key:") else None
        found[by] = key.title if key is not None else _("owner") if by == "admin" else by
    return found
