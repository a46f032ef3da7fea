"""A code taken apart: a tag bit by bit, everything else character by character.

>>> from traceability.gs1.identify import identify
>>> code = "3034257BF7194E4000001A85"
>>> [one.name for one in anatomy(code, identify(code))][:3]
['header', 'filter', 'partition']
>>> [one.name for one in anatomy("9506000134352", identify("9506000134352"))]
['value', 'check digit']
"""

import re
from base64 import urlsafe_b64decode

from traceability.gs1.bank import read_bank
from traceability.gs1.bank_fields import bank_fields
from traceability.gs1.bit_fields import BitField, bit_fields
from traceability.gs1.identity import Identity
from traceability.gs1.text_fields import TextField, mark_fault, text_fields

Fields = tuple[BitField, ...] | tuple[TextField, ...]
"""A code taken apart: the bits of a tag, or the characters of anything else."""

_BLANKS = re.compile(r"[ \t\r\n]")
_HEX = re.compile(r"[0-9A-Fa-f]{2,1024}\Z")
_CONTROL_NAMES = (
    "NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB "
    "CAN EM SUB ESC FS GS RS US"
)
_CONTROLS = {chr(code): f"<{name}>" for code, name in enumerate(_CONTROL_NAMES.split())}
_CONTROLS["\x7f"] = "<DEL>"
_RAW = re.compile(r"urn:epc:raw:([1-9][0-9]{0,3})\.x([0-9A-F]+)\Z")


def tag_bits(text: str, found: Identity, *, form: str = "auto") -> tuple[int, int] | None:
    """Return the EPC bank that a text spells, as one number and its length in bits.

    Args:
        text: Hexadecimal digits, a link whose last segment is a tag (``eh``, ``ex``), or the raw
            URI of a tag.
        found: What `identify` made of it.
        form: What it was told to expect; of a ``bank`` the EPC inside it is meant.

    Returns:
        None if the text spells no tag: barcodes, and names that happen to be hexadecimal.
    """
    if form == "bank":
        bank = read_bank(bytes.fromhex(text), has_crc=None)
        return None if bank.pc.is_iso else (int.from_bytes(bank.epc), 8 * len(bank.epc))
    raw = _RAW.match(text)
    if raw is not None:
        return int(raw[2], 16), int(raw[1])
    if found.scheme is None and found.kind != "raw":
        return None
    digits = _BLANKS.sub("", text)
    if _HEX.match(digits):
        return int(digits, 16), 4 * len(digits)
    segment = next((one.text for one in text_fields(text) if one.name == "EPC"), "")
    if segment.startswith("eh"):
        digits = segment.removeprefix("eh")
        return int(digits, 16), 4 * len(digits)
    if segment.startswith("ex"):
        coded = segment.removeprefix("ex")
        data = urlsafe_b64decode(coded + "=" * (-len(coded) % 4))
        return int.from_bytes(data), 8 * len(data)
    return None


def anatomy(
    text: str,
    found: Identity | None,
    *,
    form: str = "auto",
    fnc1: str | None = None,
    fault: int | None = None,
) -> Fields:
    """Take a code apart into fields that cover it without a gap.

    Args:
        text: The code.
        found: What `identify` made of it; None if it refused the text.
        form: What it was told to expect.
        fnc1: The one character that stands for FNC1.
        fault: Where reading failed, as `InvalidIdentifier` says it.

    Returns:
        The bits of a tag, else the characters of the text.
    """
    if found is not None and form == "bank":
        return bank_fields(bytes.fromhex(text))
    bank = tag_bits(text, found) if found is not None else None
    if bank is not None:
        return bit_fields(*bank)
    fields = text_fields(text, form=form, fnc1=fnc1)
    return fields if fault is None else mark_fault(fields, fault)


def field_tree(field: BitField | TextField) -> dict[str, object]:
    """Return a field as JSON: place, what it is, what it says; what does not apply is left out."""
    if isinstance(field, BitField):
        tree: dict[str, object] = {
            "name": field.name,
            "start": field.start,
            "length": field.length,
            "bits": f"{field.raw:0{field.length}b}",
            "value": field.value,
        }
        return tree | ({"note": field.note} if field.note else {})
    tree = {
        "name": field.name,
        "start": field.start,
        "length": len(field.text),
        "text": field.text,
        "value": field.value or field.text,
    }
    if field.ai:
        tree["ai"] = field.ai
    if field.is_right is not None:
        tree["right"] = field.is_right
    if field.expected:
        tree["expected"] = field.expected
    return tree


def visible(text: str) -> str:
    r"""Write control characters by their names in brackets, as people can type them.

    >>> print(visible("21A1\x1d10L7"))
    21A1<GS>10L7
    """
    return text if text.isprintable() else "".join(_CONTROLS.get(one, one) for one in text)
