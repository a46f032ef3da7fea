"""The answer line for a garment's tag, written from a pattern that is made once per product.

A million tags have few products: all but the serial is the same on each line. A test holds these
lines to those of the long way, letter by letter.

>>> format_tag_line("3034257BF7194E4000001A85")[:61]
'{"input":"3034257BF7194E4000001A85","id":"https://id.gs1.org/'
"""

from binascii import a2b_hex

from traceability.gs1.identity import CANONICAL_HOST
from traceability.gs1.tag_key import SERIAL_MASK, split_head

_PATTERNS: dict[int, str] = {}
_PATTERNS_MAX = 16_384


def format_tag_line(text: str) -> str | None:
    """Return the output line of an SGTIN-96 in 24 hexadecimal digits, any case.

    Returns:
        The line, or None for anything else: then the long way answers or refuses.
    """
    if len(text) != 24:
        return None
    try:
        word = int.from_bytes(a2b_hex(text))
    except ValueError:
        return None
    head = word >> 38
    pattern = _PATTERNS.get(head) or _learn(head)
    if pattern is None:
        return None
    serial = str(word & SERIAL_MASK)
    return pattern % (text, serial, serial, serial, serial, serial, serial, serial)


def _learn(head: int) -> str | None:
    parts = split_head(head)
    if parts is None:
        return None
    gtin, filter_value, urn = parts.gtin, parts.filter, f"{parts.company}.{parts.item}.%s"
    pattern = (
        f'{{"input":"%s","id":"{CANONICAL_HOST}/01/{gtin}/21/%s","key":"/01/{gtin}/21/%s",'
        f'"kind":"instance","scheme":"SGTIN-96","filter":{filter_value},'
        f'"ais":[["01","{gtin}"],["21","%s"]],"element_string":"(01){gtin}(21)%s",'
        f'"digital_link":"{CANONICAL_HOST}/01/{gtin}/21/%s",'
        f'"epc_uri":"urn:epc:id:sgtin:{urn}","tag_uri":"urn:epc:tag:sgtin-96:{filter_value}.{urn}"}}'
    )
    if len(_PATTERNS) >= _PATTERNS_MAX:
        _PATTERNS.clear()
    _PATTERNS[head] = pattern
    return pattern
