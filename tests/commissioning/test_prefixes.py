"""Company prefixes: entered when somebody has one, ended and entered again, never asked for."""

from __future__ import annotations

import pytest

from tests.commissioning.conftest import PRODUCT
from traceability.commissioning import prefixes
from traceability.commissioning.prefixes import CompanyPrefix
from traceability.errors import InvalidIdentifier, Refused
from traceability.gs1.company import epc_uri_of
from traceability.ledger.append import Ledger
from traceability.projections.entering import master_draft
from traceability.projections.view import look

NOBODYS = (
    "as a GS1 company prefix: numbers that begin with {} are for use inside a company or a "
    "country, for coupons or for refunds. Look at the certificate from GS1."
)


def known(ledger: Ledger) -> tuple[str, ...]:
    with look(ledger) as view:
        return prefixes.known(view).prefixes


def test_a_prefix_is_entered_once_and_used(ledger: Ledger) -> None:
    assert prefixes.enter(ledger, " 950-6000 ", by="admin") == CompanyPrefix("9506000")
    size = ledger.size
    prefixes.enter(ledger, "9506000", by="admin")
    assert ledger.size == size, "the same again is no news"
    with look(ledger) as view:
        uri = epc_uri_of(f"{PRODUCT}/21/5", prefixes.known(view))
    assert uri == "urn:epc:id:sgtin:9506000.013435.5"


def test_an_ended_prefix_is_used_no_more_and_comes_back(ledger: Ledger) -> None:
    prefixes.enter(ledger, "9506000", by="admin", owner="Porto Knit")
    prefixes.enter(ledger, "614141", by="admin")
    ended = prefixes.end(ledger, "9506000", by="admin")
    assert ended == CompanyPrefix("9506000", "Porto Knit")
    assert prefixes.end(ledger, "9506000", by="admin") is None
    assert known(ledger) == ("614141",)
    with look(ledger) as view:
        assert prefixes.prefixes(view) == [
            CompanyPrefix("614141"),
            CompanyPrefix("9506000", "Porto Knit", is_ended=True),
        ]
    prefixes.enter(ledger, ended.digits, by="admin", owner=ended.owner)
    assert known(ledger) == ("614141", "9506000")


@pytest.mark.parametrize(
    ("typed", "end"),
    [
        ("12345", "'12345' as a GS1 company prefix: expected 6 to 12 digits, got 5 characters."),
        ("PORTO", "'PORTO' as a GS1 company prefix: expected 6 to 12 digits, got 5 characters."),
        ("2012345", f"2012345 {NOBODYS.format(20)}"),
        ("0412345", f"0412345 {NOBODYS.format('0412')}"),
    ],
)
def test_what_is_no_prefix_is_refused(ledger: Ledger, typed: str, end: str) -> None:
    with pytest.raises(InvalidIdentifier) as refused:
        prefixes.enter(ledger, typed, by="admin")
    assert str(refused.value) == f"Cannot use {end}"
    assert known(ledger) == ()


def test_a_long_name_is_refused(ledger: Ledger) -> None:
    with pytest.raises(Refused, match="expected at most 60 characters, got 61"):
        prefixes.enter(ledger, "9506000", by="admin", owner="x" * 61)


def test_what_a_program_entered_wrongly_is_not_used(ledger: Ledger) -> None:
    ledger.append(
        [
            master_draft("prefix", "prefix:4012345", {}, by="script"),
            master_draft("prefix", "prefix:ours", {"prefix": "12"}, by="script"),
        ]
    )
    assert known(ledger) == ("4012345",)
