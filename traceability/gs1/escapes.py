"""How a serial number with a slash or a percent sign travels inside a link or a URN.

>>> escape_link("32a/b"), escape_urn("32a/b:c"), unescape("32a%2Fb")
('32a%2Fb', '32a%2Fb:c', '32a/b')
"""

import re
from urllib.parse import quote

from traceability.errors import InvalidIdentifier

_BROKEN = re.compile(r"%(?![0-9A-Fa-f]{2})")
# TDS 2.3, section 6.3.3: these seven of the 82 characters cannot stand in a URN as they are.
_URN_ESCAPES = str.maketrans({c: f"%{ord(c):02X}" for c in '"%&/<>?#'})


def escape_link(text: str) -> str:
    """Escape everything outside ``A-Za-z0-9-._~`` as UTF-8 percent sequences, capitals.

    Source: GS1 Digital Link URI Syntax 1.7, section 4.4.
    """
    # Digits and letters are the rule; asking first costs a tenth of what quoting them does.
    return text if text.isalnum() and text.isascii() else quote(text, safe="")


def escape_urn(text: str) -> str:
    """Escape the characters that an EPC URI may not carry as they are.

    Source: EPC Tag Data Standard 2.3, section 6.3.3.
    """
    return text.translate(_URN_ESCAPES)


def unescape(text: str, start: int = 0) -> str:
    """Undo percent sequences once.

    Args:
        text: Text with percent sequences, each of UTF-8.
        start: Where the text begins in the input; added to the position of an error.

    Raises:
        InvalidIdentifier: If a percent sign is not followed by two hexadecimal digits, or the
            bytes are not UTF-8.
    """
    if "%" not in text:
        return text
    broken = _BROKEN.search(text)
    if broken:
        raise InvalidIdentifier(
            f"Cannot read {text!r}: expected two hexadecimal digits after '%', "
            f"got {text[broken.start() + 1 : broken.start() + 3]!r}.",
            start + broken.start(),
        )
    head, *tail = text.split("%")
    data = head.encode() + b"".join(bytes.fromhex(part[:2]) + part[2:].encode() for part in tail)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise InvalidIdentifier(
            f"Cannot read {text!r}: its percent sequences are not UTF-8.", start
        ) from error
