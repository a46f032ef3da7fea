"""The messages of LLRP 1.0.1: number, name, fields, and what must be inside.

>>> MESSAGES[61].name, response_to(20), response_to(14)
('RO_ACCESS_REPORT', 30, 4)

Source: LLRP 1.0.1, sections 9 to 14 and 17.1; PROTOCOLS.md section 9.
"""

from __future__ import annotations

from dataclasses import dataclass

IMPINJ = 25882
"""Enterprise number that Impinj's own messages and parameters carry."""


@dataclass(frozen=True, slots=True)
class MessageKind:
    """One kind of message."""

    name: str
    layout: str = ""
    first: int | None = None
    """Number of the parameter that must come first; None: any, or none."""
    is_bare: bool = False
    """Nothing follows the fields."""


_STATUS = 287
_ID = "rospec_id:u4"
_ACCESS_ID = "access_spec_id:u4"

MESSAGES: dict[int, MessageKind] = {
    1: MessageKind("GET_READER_CAPABILITIES", "requested:u1"),
    2: MessageKind("GET_READER_CONFIG", "antenna:u2 requested:u1 gpi_port:u2 gpo_port:u2"),
    3: MessageKind("SET_READER_CONFIG", "factory_reset:b1 -:b7"),
    4: MessageKind("CLOSE_CONNECTION_RESPONSE", "", _STATUS),
    11: MessageKind("GET_READER_CAPABILITIES_RESPONSE", "", _STATUS),
    12: MessageKind("GET_READER_CONFIG_RESPONSE", "", _STATUS),
    13: MessageKind("SET_READER_CONFIG_RESPONSE", "", _STATUS),
    14: MessageKind("CLOSE_CONNECTION", is_bare=True),
    20: MessageKind("ADD_ROSPEC", "", 177),
    21: MessageKind("DELETE_ROSPEC", _ID, is_bare=True),
    22: MessageKind("START_ROSPEC", _ID, is_bare=True),
    23: MessageKind("STOP_ROSPEC", _ID, is_bare=True),
    24: MessageKind("ENABLE_ROSPEC", _ID, is_bare=True),
    25: MessageKind("DISABLE_ROSPEC", _ID, is_bare=True),
    26: MessageKind("GET_ROSPECS", is_bare=True),
    30: MessageKind("ADD_ROSPEC_RESPONSE", "", _STATUS),
    31: MessageKind("DELETE_ROSPEC_RESPONSE", "", _STATUS),
    32: MessageKind("START_ROSPEC_RESPONSE", "", _STATUS),
    33: MessageKind("STOP_ROSPEC_RESPONSE", "", _STATUS),
    34: MessageKind("ENABLE_ROSPEC_RESPONSE", "", _STATUS),
    35: MessageKind("DISABLE_ROSPEC_RESPONSE", "", _STATUS),
    36: MessageKind("GET_ROSPECS_RESPONSE", "", _STATUS),
    40: MessageKind("ADD_ACCESSSPEC", "", 207),
    41: MessageKind("DELETE_ACCESSSPEC", _ACCESS_ID, is_bare=True),
    42: MessageKind("ENABLE_ACCESSSPEC", _ACCESS_ID, is_bare=True),
    43: MessageKind("DISABLE_ACCESSSPEC", _ACCESS_ID, is_bare=True),
    44: MessageKind("GET_ACCESSSPECS", is_bare=True),
    45: MessageKind("CLIENT_REQUEST_OP", "", 240),
    50: MessageKind("ADD_ACCESSSPEC_RESPONSE", "", _STATUS),
    51: MessageKind("DELETE_ACCESSSPEC_RESPONSE", "", _STATUS),
    52: MessageKind("ENABLE_ACCESSSPEC_RESPONSE", "", _STATUS),
    53: MessageKind("DISABLE_ACCESSSPEC_RESPONSE", "", _STATUS),
    54: MessageKind("GET_ACCESSSPECS_RESPONSE", "", _STATUS),
    55: MessageKind("CLIENT_REQUEST_OP_RESPONSE", "", 211),
    60: MessageKind("GET_REPORT", is_bare=True),
    61: MessageKind("RO_ACCESS_REPORT"),
    62: MessageKind("KEEPALIVE", is_bare=True),
    63: MessageKind("READER_EVENT_NOTIFICATION", "", 246),
    64: MessageKind("ENABLE_EVENTS_AND_REPORTS", is_bare=True),
    72: MessageKind("KEEPALIVE_ACK", is_bare=True),
    100: MessageKind("ERROR_MESSAGE", "", _STATUS),
    1023: MessageKind("CUSTOM", "vendor:u4 subtype:u1 data:h*", is_bare=True),
}
TYPES = {kind.name: number for number, kind in MESSAGES.items()}
FROM_HOST = frozenset(
    {1, 2, 3, 14, *range(20, 27), *range(40, 45), 55, 60, 64, 72, 1023}
)  # fmt: skip
FROM_READER = frozenset(
    {4, 11, 12, 13, *range(30, 37), 45, *range(50, 55), 61, 62, 63, 100, 1023}
)  # fmt: skip
_UNANSWERED = frozenset({55, 60, 64, 72})

CUSTOM_NAMES = {(IMPINJ, 21): "IMPINJ_ENABLE_EXTENSIONS",
                (IMPINJ, 22): "IMPINJ_ENABLE_EXTENSIONS_RESPONSE"}  # fmt: skip

ATTEMPTS = (
    "Success",
    "Failed: a connection begun by the reader exists",
    "Failed: a connection begun by a client exists",
    "Failed: another reason",
    "Another connection was attempted",
)
REFUSALS = (1, 2, 3)
"""The attempts after which the reader hangs up."""

STATUS_NAMES = {
    0: "M_Success", 100: "M_ParameterError", 101: "M_FieldError", 102: "M_UnexpectedParameter",
    103: "M_MissingParameter", 104: "M_DuplicateParameter", 105: "M_OverflowParameter",
    106: "M_OverflowField", 107: "M_UnknownParameter", 108: "M_UnknownField",
    109: "M_UnsupportedMessage", 110: "M_UnsupportedVersion", 111: "M_UnsupportedParameter",
    112: "M_UnexpectedMessage", 200: "P_ParameterError", 201: "P_FieldError",
    202: "P_UnexpectedParameter", 203: "P_MissingParameter", 204: "P_DuplicateParameter",
    205: "P_OverflowParameter", 206: "P_OverflowField", 207: "P_UnknownParameter",
    208: "P_UnknownField", 209: "P_UnsupportedParameter", 300: "A_Invalid", 301: "A_OutOfRange",
    401: "R_DeviceError",
}  # fmt: skip

MAKERS = {IMPINJ: "Impinj", 161: "Motorola / Zebra", 10642: "Zebra", 17996: "Alien",
          26554: "ThingMagic"}  # fmt: skip
MODELS = {(IMPINJ, 2001001): "Speedway R220", (IMPINJ, 2001002): "Speedway R420",
          (IMPINJ, 2001003): "xPortal", (IMPINJ, 2001052): "R700"}  # fmt: skip

STANDARDS = {1: "us", 2: "eu", 3: "eu", 9: "kr"}
"""Communications standard → a key of `readers.inquiry.REGIONS`; others have their own."""
CHINA = 156
"""Country code; its band has no communications standard of its own."""


def response_to(number: int) -> int | None:
    """Return the message with which a reader answers; None if it does not."""
    if number in _UNANSWERED or number not in FROM_HOST:
        return None
    return {14: 4, 1023: 1023}.get(number, number + 10)
