"""The company prefixes that an owner has entered: his own, and those of partners he labels for.

Nothing waits for one. A prefix is used where somebody wants tags of the older schemes or
``urn:epc:`` names, and it is ended, not deleted: what was written with it stays explained.

>>> from traceability.gs1.company import epc_uri_of
>>> said = CompanyPrefix("9506000", "Porto Knit")
>>> epc_uri_of("/01/09506000134352", said.alone)
'urn:epc:idpat:sgtin:9506000.013435.*'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from traceability.errors import InvalidIdentifier, Refused
from traceability.gs1.company import NOT_WORLDWIDE, Prefixes, check_prefix
from traceability.ledger.append import Ledger
from traceability.projections.entering import master_draft
from traceability.projections.view import View, look

MASTER_TYPE = "prefix"
PREFIXES_MAX = 500
"""Prefixes that are listed."""
OWNER_LENGTH_MAX = 60
_KEY = "prefix:"


@dataclass(frozen=True, slots=True)
class CompanyPrefix:
    """One prefix as the record knows it."""

    digits: str
    owner: str = ""
    """Whose it is, if it is a partner's; empty: the workshop's own."""
    is_ended: bool = False

    @property
    def alone(self) -> Prefixes:
        """This prefix as the only one that is known."""
        return Prefixes((self.digits,))


def read_prefix(typed: str) -> str:
    """Return the digits of a prefix as people type it: with blanks or hyphens.

    Raises:
        InvalidIdentifier: If it is not 6 to 12 digits, or of a range that GS1 gives to nobody.

    >>> read_prefix(" 950-6000 ")
    '9506000'
    """
    digits = check_prefix("".join(typed[:60].replace("-", " ").split()))
    if NOT_WORLDWIDE.match(digits):
        raise InvalidIdentifier(
            f"Cannot use {digits} as a GS1 company prefix: numbers that begin with "
            f"{digits[:4] if digits.startswith('0') else digits[:2]} are for use inside a company "
            "or a country, for coupons or for refunds. Look at the certificate from GS1."
        )
    return digits


def enter(ledger: Ledger, typed: str, *, by: str, owner: str = "") -> CompanyPrefix:
    """Enter a prefix, or enter one again that was ended.

    Raises:
        InvalidIdentifier: If it is no company prefix.
        Refused: If the owner's name is too long, or there are too many prefixes.
    """
    name = " ".join(owner.split())
    if len(name) > OWNER_LENGTH_MAX:
        raise Refused(
            f"Cannot enter {name[:80]!r} as the owner of a prefix: expected at most "
            f"{OWNER_LENGTH_MAX} characters, got {len(name)}."
        )
    found = CompanyPrefix(read_prefix(typed), name)
    with look(ledger) as view:
        known = prefixes(view)
    if len(known) >= PREFIXES_MAX and all(one.digits != found.digits for one in known):
        raise Refused(f"Cannot enter {found.digits}: expected at most {PREFIXES_MAX} prefixes.")
    if found not in known:
        _write(ledger, found, by)
    return found


def end(ledger: Ledger, digits: str, *, by: str) -> CompanyPrefix | None:
    """Use a prefix no more; it is entered again by `enter`.

    Returns:
        The prefix as it was, None if it was not in use.
    """
    with look(ledger) as view:
        found = next((one for one in prefixes(view) if one.digits == digits), None)
    if found is None or found.is_ended:
        return None
    _write(ledger, replace(found, is_ended=True), by)
    return found


def prefixes(view: View) -> list[CompanyPrefix]:
    """Return every prefix that was entered, those in use first."""
    found = [_read(key, values) for key, values in view.masters(MASTER_TYPE).items()]
    return sorted(filter(None, found), key=lambda one: (one.is_ended, one.owner, one.digits))


def known(view: View) -> Prefixes:
    """Return the prefixes that are in use."""
    return Prefixes(tuple(one.digits for one in prefixes(view) if not one.is_ended))


def _write(ledger: Ledger, prefix: CompanyPrefix, by: str) -> None:
    values: dict[str, Any] = {"prefix": prefix.digits, "owner": prefix.owner}
    values |= {"ended": True} if prefix.is_ended else {}
    outcome = ledger.append([master_draft(MASTER_TYPE, _KEY + prefix.digits, values, by=by)])[0]
    if outcome.status != "accepted":
        raise Refused(outcome.problem or f"The record does not take {prefix.digits}.")


def _read(key: str, values: Mapping[str, Any]) -> CompanyPrefix | None:
    # Programs may enter this type too: what is no prefix is not used.
    try:
        digits = check_prefix(str(values.get("prefix", key.removeprefix(_KEY))))
    except InvalidIdentifier:
        return None
    return CompanyPrefix(digits, str(values.get("owner", "")), bool(values.get("ended")))
