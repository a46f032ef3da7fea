"""The answer line of `hangtag identify`, JSON written by hand: a million lines have one shape.

For a garment's tag the line comes from a pattern that is made once per product: a million tags
have few products, and all but the serial is the same on each line. Tests hold all lines to those
of a JSON encoder, letter by letter.

>>> format_tag_line("3034257BF7194E4000001A85")[:61]
'{"input":"3034257BF7194E4000001A85","id":"https://id.gs1.org/'
"""

from binascii import a2b_hex
from json.encoder import encode_basestring_ascii as quote

from traceability.gs1.identity import CANONICAL_HOST, Identity
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


def format_line(text: str, found: Identity) -> str:
    """Return the output line of anything that was read.

    >>> from traceability.gs1.identify import identify
    >>> format_line("]E09506000134352", identify("]E09506000134352"))[:61]
    '{"input":"]E09506000134352","id":"https://id.gs1.org/01/09506'
    """
    remark = "" if found.remark is None else f',"remark":{quote(found.remark)}'
    ais = ",".join([f'["{ai}",{quote(value)}]' for ai, value in found.ais])
    return (
        f'{{"input":{quote(text)},"id":{_text(found.id)},"key":{_text(found.key)},'
        f'"kind":"{found.kind}","scheme":{_text(found.scheme)},'
        f'"filter":{"null" if found.filter is None else found.filter},"ais":[{ais}],'
        f'"element_string":{_text(found.element_string)},'
        f'"digital_link":{_text(found.digital_link)},"epc_uri":{_text(found.epc_uri)},'
        f'"tag_uri":{_text(found.tag_uri)}{remark}}}'
    )


def _text(value: str | None) -> str:
    return "null" if value is None else quote(value)
