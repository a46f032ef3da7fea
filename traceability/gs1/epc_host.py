"""The owner's own web host inside a ``++`` tag: where its link leads, never which thing it is.

>>> write_host("id.example.com")[1]
70
>>> read_host(Cursor(*write_host("id.example.com")))
'id.example.com'
"""

import re

from traceability.errors import InvalidIdentifier
from traceability.gs1.epc_cursor import Bits, Cursor, join
from traceability.gs1.epc_text import CODE_40, read_code_40, write_code_40

_UNITS_MAX = 63
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\Z")

# EPC Tag Data Standard 2.3, section 14.5.16, table 14-11: one code of seven bits for frequent
# beginnings and endings. The codes are ASCII characters that no host name has.
_SHORT = {
    0x1E: "qr.", 0x1F: "www.", 0x20: "id.", 0x5B: ".com", 0x5C: ".org", 0x5D: ".net",
    0x5E: ".int", 0x60: ".edu", 0x7B: ".gov", 0x7C: ".mil", 0x7D: ".biz", 0x7E: ".eco",
    0x7F: ".med",
}  # fmt: skip
# Tables 14-12 to 14-15: two codes of seven bits; the first names the table, the second the row.
_COUNTRIES_A_TO_LI = (
    "ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo bq br "
    "bs bt bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec "
    "ee eg eh er es et eu fi fj fk fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy "
    "hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz "
    "la lb lc li"
)
_COUNTRIES_LK_TO_ZW = (
    "lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc "
    "ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw "
    "sa sb sc sd se sg sh si sk sl sm sn sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to "
    "tr tt tv tw tz ua ug us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw"
)
_SECOND_LEVEL = (
    "com.au net.au org.au co.at com.bd co.bd com.br net.br co.nz com.ng com.pk co.in com.in co.il "
    "co.jp co.za co.kr com.es com.lk co.th co.tt com.tt com.tr biz.tr com.ua co.uk co.zm com.zm "
    "com.cn org.cn net.cn gov.cn"
)
_LONG = tuple(
    tuple("." + ending for ending in table.split())
    for table in (_COUNTRIES_A_TO_LI, _COUNTRIES_LK_TO_ZW, _SECOND_LEVEL, "tech")
)
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._")
# What each sequence is written as: its codes of seven bits.
_CODES: dict[str, tuple[int, ...]] = {
    **{text: (code,) for code, text in _SHORT.items()},
    **{text: (table, row) for table, texts in enumerate(_LONG) for row, text in enumerate(texts)},
}


def read_host(cursor: Cursor) -> str:
    """Read one bit of method, six of length, and the host name; it comes back in small letters.

    Raises:
        BitFault: If the length is 0, a code is not in the tables, or it is no host name.

    Source: EPC Tag Data Standard 2.3, section 14.5.16.
    """
    start = cursor.place
    method = cursor.read(1)
    cursor.mark("host name method", start, method, "7-bit characters" if method else "URN Code 40")
    start = cursor.place
    length = cursor.read(6)
    if length == 0:
        raise cursor.fault("a host name of 1 to 63 characters", "0", start)
    cursor.mark("host name length", start, length)
    start = cursor.place
    text = _read_units(cursor, length) if method else read_code_40(cursor, "host name", length)
    host = text.lower()
    if not _HOST.match(host):
        raise cursor.fault("a host name", repr(host), start)
    cursor.mark("host name", start, host)
    return host


def _read_units(cursor: Cursor, units: int) -> str:
    text = ""
    while units > 0:
        start = cursor.place
        code = cursor.read(7)
        units -= 1
        if code < len(_LONG):
            if units == 0:
                raise cursor.fault("a second half of a host name's ending", "its end", start)
            units -= 1
            row = cursor.read(7)
            if row >= len(_LONG[code]):
                raise cursor.fault(f"a row of host name table {code + 1}", str(row), start)
            text += _LONG[code][row]
        elif code in _SHORT:
            text += _SHORT[code]
        elif chr(code) in _PLAIN:
            text += chr(code)
        else:
            raise cursor.fault("a character of a host name", repr(chr(code)), start)
    return text


def write_host(host: str) -> Bits:
    """Write a host name in as few bits as it allows.

    Args:
        host: Such as ``id.example.com``, in any case; small letters are what comes back.

    Raises:
        InvalidIdentifier: If it is no host name, or needs more than 63 codes.

    Source: EPC Tag Data Standard 2.3, section 14.5.16.
    """
    name = host.lower()
    if not (name.isascii() and _HOST.match(name)):
        raise InvalidIdentifier(
            f"Cannot write host {host[:80]!r}: expected a name such as 'id.example.com'."
        )
    codes = _shortest_codes(name)
    found = [join([(1, 1), (len(codes), 6), *((code, 7) for code in codes)])]
    if len(codes) > _UNITS_MAX:
        found = []
    if len(name) <= _UNITS_MAX and set(name.upper()) <= set(CODE_40):
        found.append(join([(0, 1), (len(name), 6), write_code_40(name.upper())]))
    if not found:
        raise InvalidIdentifier(
            f"Cannot write host {host[:80]!r}: expected at most {_UNITS_MAX} codes, "
            f"got {len(codes)}."
        )
    return min(found, key=lambda bits: bits[1])


def _shortest_codes(name: str) -> tuple[int, ...]:
    """Return the fewest codes for a name, found from its end to its start."""
    best: list[tuple[int, ...]] = [()] * (len(name) + 1)
    for place in range(len(name) - 1, -1, -1):
        best[place] = (ord(name[place]), *best[place + 1])
        for text, codes in _CODES.items():
            if name.startswith(text, place):
                found = (*codes, *best[place + len(text)])
                if len(found) < len(best[place]):
                    best[place] = found
    return best[0]
