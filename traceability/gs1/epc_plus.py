"""The tags that carry a garment's numbers as they are printed, of any length, and data behind them.

A ``+`` tag needs no company prefix: it holds the whole GTIN with its check digit. A ``++`` tag
also holds the owner's web host.

>>> from traceability.gs1.epc_schemes import PLUS_BY_NAME
>>> read = decode_plus(PLUS_BY_NAME["sgtin+"], Cursor(0xF7B09506000134352624B517359F, 112))
>>> read.elements, read.extra
((('01', '09506000134352'), ('21', 'S1')), (('17', '261231'),))
"""

from dataclasses import dataclass

from traceability.errors import InvalidIdentifier
from traceability.gs1.application_identifiers import check_together
from traceability.gs1.epc_aidc import read_data, write_data
from traceability.gs1.epc_cursor import Bits, Cursor, join
from traceability.gs1.epc_host import read_host, write_host
from traceability.gs1.epc_schemes import Scheme
from traceability.gs1.epc_values import read_date, read_value, write_date, write_value
from traceability.gs1.identity import Elements

DATE_AIS = ("11", "13", "15", "16", "17", "7006", "7007")
"""Which date a DSGTIN puts in front, by its four bits of date kind."""

BANK_BITS_MAX = 496
"""Longest EPC that the five length bits of a PC word can tell: 31 words."""


@dataclass(frozen=True, slots=True)
class PlusContent:
    """What a ``+`` tag says."""

    filter: int
    elements: Elements
    host: str | None
    extra: Elements


def decode_plus(scheme: Scheme, cursor: Cursor) -> PlusContent:
    """Decode a ``+`` or ``++`` scheme.

    Args:
        scheme: The scheme that the header names.
        cursor: Stands on the header's first bit.

    Raises:
        BitFault: If anything does not hold; see `traceability.gs1.epc_values` and
            `traceability.gs1.epc_aidc`.

    Source: EPC Tag Data Standard 2.3, sections 14.5, 14.6 and 15.3.
    """
    cursor.read(8)
    cursor.mark("header", 0, scheme.name, f"{scheme.header:02X}")
    toggle = cursor.read(1)
    cursor.mark("data toggle", 8, toggle, "data follow the EPC" if toggle else "no data follow")
    filter_value = cursor.read(3)
    cursor.mark("filter", 9, filter_value)
    date = _read_date(cursor) if scheme.has_date else ()
    elements = tuple((ai, read_value(cursor, ai, is_whole=True)) for ai in scheme.carries) + date
    host = read_host(cursor) if scheme.has_host else None
    taken = tuple(ai for ai, _ in elements)
    behind = cursor.place
    extra = read_data(cursor, is_announced=bool(toggle), taken=taken)
    # Bits cannot leave the extension out; 0 says that there is none.
    elements = tuple(element for element in elements if element != ("254", "0"))
    if extra:
        try:
            check_together(elements + extra, requisites=False)
        except InvalidIdentifier as error:
            raise cursor.fault("data that may stand together", str(error), behind) from None
    return PlusContent(filter_value, elements, host, extra)


def _read_date(cursor: Cursor) -> Elements:
    start = cursor.place
    kind = cursor.read(4)
    if kind >= len(DATE_AIS):
        raise cursor.fault("a date kind 0 to 6", f"{kind} (reserved)", start)
    ai = DATE_AIS[kind]
    cursor.mark("date kind", start, kind, f"({ai})")
    return ((ai, read_date(cursor, ai)),)


def encode_plus(
    scheme: Scheme, filter_value: int | None, elements: Elements, host: str | None, extra: Elements
) -> Bits:
    """Write a ``+`` or ``++`` scheme, without the filling of the last word.

    Args:
        scheme: Which one.
        filter_value: 0 to 7.
        elements: Exactly the AIs that the scheme carries (a GLN without extension may leave 254
            out), and for DSGTIN one of `DATE_AIS`; in any order.
        host: The owner's host name for ``++``, else None.
        extra: AIs to stand behind the EPC, in this order.

    Raises:
        InvalidIdentifier: If the scheme cannot carry exactly this; the sentence says why.

    Source: EPC Tag Data Standard 2.3, sections 14.5, 14.6 and 15.3.
    """
    if filter_value is None or not 0 <= filter_value <= 7:
        raise InvalidIdentifier(
            f"Cannot write {scheme.name}: expected a filter 0 to 7, got {filter_value}."
        )
    values = _values_of(scheme, elements)
    if (host is not None) != scheme.has_host:
        wanted = "a host name" if scheme.has_host else "no host name"
        raise InvalidIdentifier(f"Cannot write {scheme.name}: expected {wanted}, got {host!r}.")
    fields: list[Bits] = [(scheme.header, 8), (1 if extra else 0, 1), (filter_value, 3)]
    if scheme.has_date:
        ai = next(ai for ai in values if ai in DATE_AIS)
        fields += [(DATE_AIS.index(ai), 4), write_date(ai, values[ai])]
    fields += [write_value(ai, values[ai], is_whole=True) for ai in scheme.carries]
    if host is not None:
        fields.append(write_host(host))
    if extra:
        fields.append(write_data(extra, tuple(values)))
        check_together(tuple(values.items()) + extra, requisites=False)
    value, used = join(fields)
    if used > BANK_BITS_MAX:
        raise InvalidIdentifier(
            f"Cannot write {scheme.name}: expected at most {BANK_BITS_MAX} bits, got {used}."
        )
    return value, used


def _values_of(scheme: Scheme, elements: Elements) -> dict[str, str]:
    values = dict(elements)
    if "254" in scheme.carries:
        values.setdefault("254", "0")
    dates = [ai for ai in values if ai in DATE_AIS] if scheme.has_date else []
    wanted = {*scheme.carries, *dates}
    if set(values) != wanted or len(values) < len(elements) or len(dates) != scheme.has_date:
        names = "".join(f"({ai})" for ai in scheme.carries) + " and a date" * scheme.has_date
        got = "".join(f"({ai})" for ai, _ in elements)
        raise InvalidIdentifier(
            f"Cannot write {scheme.name}: expected {names}, other AIs behind the EPC, "
            f"got {got or 'nothing'}."
        )
    return values
