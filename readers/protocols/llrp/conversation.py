"""What a client says to an LLRP reader: the settings, the round, the accesses to memory.

>>> Message.of("ADD_ROSPEC", rospec()).encode()[:2].hex()
'0414'

Region and power are never among it: an antenna that is not configured is used as it is set.

Source: LLRP 1.0.1, sections 10, 11, 13; order of the handshake: PROTOCOLS.md section 9.
"""

from __future__ import annotations

from collections.abc import Sequence

from readers.protocols.llrp.codec import Message
from readers.protocols.llrp.commands import IMPINJ
from readers.protocols.llrp.structure import Parameter

ROSPEC_ID = 1
KEEPALIVE_MS = 2000
GEN2 = 1
_NULL, _PERIODIC = 0, 1
_AFTER_N_TAGS = 1
_EVENTS = (1, 2, 3, 4, 8)
"""GPI, ROSpec, buffer fill, reader exception, antenna (LLRP 1.0.1, section 13.1.6.5)."""


def configuration(*, keepalive_ms: int = KEEPALIVE_MS) -> Message:
    """Return how a reader is to speak: keep-alives, events, and nothing lost while nobody hears.

    Args:
        keepalive_ms: Interval of the keep-alives.
    """
    events = tuple(
        Parameter.of("EventNotificationState", event_type=event, is_enabled=True)
        for event in _EVENTS
    )
    return Message.of(
        "SET_READER_CONFIG",
        Parameter.of("ReaderEventNotificationSpec", *events),
        Parameter.of("KeepaliveSpec", trigger=_PERIODIC, interval_ms=keepalive_ms),
        Parameter.of("EventsAndReports", is_held=True),
    )


def inputs(ports: Sequence[int]) -> Message:
    """Return that the changes of inputs, from 1, are to be told."""
    wanted = (
        Parameter.of("GPIPortCurrentState", gpi_port=port, is_enabled=True, gpi_state=2)
        for port in ports
    )
    return Message.of("SET_READER_CONFIG", *wanted)


def rospec(
    *, antennas: Sequence[int] = (), is_plain: bool = False, tag_count: int = 1
) -> Parameter:
    """Return an endless round on the reader's own settings.

    Args:
        antennas: Ports from 1; empty: all that are connected.
        is_plain: Without PC word and checksum, which some readers refuse to tell.
        tag_count: How many tags fill a report.
    """
    start = Parameter.of("ROSpecStartTrigger", trigger=_NULL)
    stop = Parameter.of("ROSpecStopTrigger", trigger=_NULL)
    inventory = Parameter.of("InventoryParameterSpec", inventory_parameter_spec_id=1, protocol=GEN2)
    memory = () if is_plain else (Parameter.of("C1G2EPCMemorySelector", crc=True, pc=True),)
    content = Parameter.of(
        "TagReportContentSelector", *memory,
        antenna=True, channel_index=True, rssi=True, first_seen=True, last_seen=True,
        seen_count=True, access_spec_id=not is_plain,
    )  # fmt: skip
    return Parameter.of(
        "ROSpec",
        Parameter.of("ROBoundarySpec", start, stop),
        Parameter.of(
            "AISpec",
            Parameter.of("AISpecStopTrigger", trigger=_NULL),
            inventory,
            antennas=list(antennas) or [0],
        ),
        Parameter.of("ROReportSpec", content, trigger=_AFTER_N_TAGS, tag_count=tag_count),
        rospec_id=ROSPEC_ID,
    )


def extensions() -> Message:
    """Return the message with which Impinj readers tell what only they know."""
    return Message.of("CUSTOM", vendor=IMPINJ, subtype=21, data="00000000")


def access_spec(
    number: int,
    *operations: Parameter,
    bank: int = 1,
    bit_pointer: int = 32,
    mask: bytes = b"",
    times: int = 1,
    rospec_id: int = ROSPEC_ID,
) -> Message:
    """Return an access for the tags that carry `mask` at `bit_pointer` of `bank`.

    Args:
        number: Which AccessSpec it is, from 1.
        operations: What to do, such as `read_words`.
        bank: 0 reserved, 1 EPC, 2 TID, 3 user.
        bit_pointer: 32 is where the EPC begins in bank 1.
        mask: Empty: every tag.
        times: After so many tags the access is over; 0: never.
        rospec_id: The round in which it is done; 0: any.
    """
    target = Parameter.of(
        "C1G2TargetTag", bank=bank, is_match=True, bit_pointer=bit_pointer,
        mask=(b"\xff" * len(mask)).hex(), data=mask.hex(),
    )  # fmt: skip
    stop = Parameter.of("AccessSpecStopTrigger", trigger=1 if times else 0, operation_count=times)
    command = Parameter.of("AccessCommand", Parameter.of("C1G2TagSpec", target), *operations)
    spec = Parameter.of(
        "AccessSpec", stop, command,
        access_spec_id=number, protocol=GEN2, rospec_id=rospec_id,
    )  # fmt: skip
    return Message.of("ADD_ACCESSSPEC", spec)


def read_words(number: int, bank: int, word: int, count: int, password: int = 0) -> Parameter:
    """Return the operation that reads `count` words; 0: all that follow."""
    return Parameter.of(
        "C1G2Read", op_spec_id=number, access_password=f"{password:08x}", bank=bank,
        word_pointer=word, word_count=count,
    )  # fmt: skip


def write_words(number: int, bank: int, word: int, data: bytes, password: int = 0) -> Parameter:
    """Return the operation that writes whole words."""
    return Parameter.of(
        "C1G2Write", op_spec_id=number, access_password=f"{password:08x}", bank=bank,
        word_pointer=word, data=data.hex(),
    )  # fmt: skip


def lock_fields(number: int, locks: Sequence[tuple[int, int]], password: int) -> Parameter:
    """Return the operation that locks.

    Args:
        number: Which operation it is.
        locks: (privilege, field) each: privilege 0 by password, 1 for ever, 2 open for ever,
            3 open; field 0 kill password, 1 access password, 2 EPC, 3 TID, 4 user.
        password: Access password.
    """
    payloads = tuple(
        Parameter.of("C1G2LockPayload", privilege=privilege, data_field=place)
        for privilege, place in locks
    )
    return Parameter.of("C1G2Lock", *payloads, op_spec_id=number, access_password=f"{password:08x}")


def kill(number: int, password: int) -> Parameter:
    """Return the operation that silences a tag for ever."""
    return Parameter.of("C1G2Kill", op_spec_id=number, kill_password=f"{password:08x}")
