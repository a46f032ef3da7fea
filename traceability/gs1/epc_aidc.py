"""Lot, dates and weights behind the identity in a ``+`` tag, as a carton label has them.

>>> cursor = Cursor(0x17359F, 24)
>>> read_data(cursor, is_announced=True, taken=("01", "21"))
(('17', '261231'),)
"""

from traceability.errors import InvalidIdentifier
from traceability.gs1.application_identifiers import AIS
from traceability.gs1.epc_cursor import BitFault, Bits, Cursor, join
from traceability.gs1.epc_values import read_value, write_value
from traceability.gs1.identity import Elements

_AI_LENGTHS = {ai[:2]: len(ai) for ai in AIS}
_SSCC_BITS = 8 + 72
# A wrong check digit in the data behind the EPC does not make the thing itself unknown.
_UNCHECKED = frozenset({"check"})


def read_data(cursor: Cursor, *, is_announced: bool, taken: tuple[str, ...]) -> Elements:
    """Read what stands behind an EPC: AIs and values, then zeros to the end of the bank.

    The toggle bit is not trusted: what is there is read. Only what is too short to be more than
    the filling of the last word must be zeros where the bit is 0. Zeros to the end are filling,
    even though AI 00 begins like them.

    Args:
        cursor: Stands behind the EPC.
        is_announced: The EPC's toggle bit says that data follow.
        taken: AIs of the EPC, which must not come again.

    Raises:
        BitFault: If a bit of the filling is set, an AI does not exist, comes twice, or its value
            does not hold.

    Source: EPC Tag Data Standard 2.3, sections 14.2 and 15.3.
    """
    found: list[tuple[str, str]] = []
    seen = set(taken)
    while rest := cursor.rest():
        start = cursor.place
        if cursor.left < (8 if is_announced or found else 16):
            raise _not_filling(cursor, rest)
        ai = _read_ai(cursor, rest)
        if ai in seen:
            raise cursor.fault(f"({ai}) once", "it again", start)
        seen.add(ai)
        found.append((ai, read_value(cursor, ai, but=_UNCHECKED)))
    _mark_filling(cursor)
    return tuple(found)


def _mark_filling(cursor: Cursor) -> None:
    if cursor.left:
        start = cursor.place
        cursor.place = cursor.bits
        cursor.mark("padding", start, "")


def _not_filling(cursor: Cursor, rest: int) -> BitFault:
    _mark_filling(cursor)
    return cursor.fault("zeros behind the EPC", f"{rest:X}", cursor.bits - rest.bit_length())


def _read_ai(cursor: Cursor, rest: int) -> str:
    start = cursor.place
    if cursor.left < _SSCC_BITS and rest.bit_length() <= cursor.left - 8:
        raise _not_filling(cursor, rest)
    head = f"{cursor.read(8):02X}"
    length = _AI_LENGTHS.get(head)
    if length is None:
        raise cursor.fault("an Application Identifier behind the EPC", head, start)
    ai = head + "".join(f"{cursor.read(4):X}" for _ in range(length - 2))
    if ai not in AIS:
        raise cursor.fault("an Application Identifier behind the EPC", ai, start)
    cursor.mark("AI", start, ai)
    return ai


def write_data(elements: Elements, taken: tuple[str, ...]) -> Bits:
    """Write AIs and values to stand behind an EPC.

    Raises:
        InvalidIdentifier: If a value does not hold, an AI comes twice, or is in the EPC already.

    Source: EPC Tag Data Standard 2.3, section 15.3.
    """
    fields: list[Bits] = []
    seen = set(taken)
    for ai, value in elements:
        if ai in seen:
            raise InvalidIdentifier(f"Cannot write ({ai}){value} behind the EPC: ({ai}) is there.")
        if ai == "00" and not value.strip("0"):
            raise InvalidIdentifier(f"Cannot write ({ai}){value}: it reads as filling zeros.")
        seen.add(ai)
        body = write_value(ai, value)
        fields += [(int(ai, 16), 4 * len(ai)), body]
    return join(fields)
