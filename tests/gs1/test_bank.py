"""The memory bank round the EPC: length, flags, check sum, and what contradicts them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.gs1 import InvalidIdentifier, identify, identify_epc, key_of
from traceability.gs1.bank import Bank, ProtocolWord, crc16, parse_pc, pc_word, read_bank
from traceability.gs1.epc_uri import parse_epc_uri
from traceability.gs1.identify import identify_bank

SGTIN = bytes.fromhex("3034257BF7194E4000001A85")
KEY = "/01/80614141123458/21/6789"
LONG = bytes.fromhex("3614257BF7194E5B363A1D0AC1C0000000000000000000000000")


def word(value: int) -> bytes:
    """Write one word of 16 bits."""
    return value.to_bytes(2)


def with_crc(body: bytes) -> bytes:
    """Put the check sum of PC word and EPC in front."""
    return word(crc16(body)) + body


# EPC Tag Data Standard 2.3, section 9.3: 96 bits 3000, 128 bits 4000, 198 bits in 208: 6800.
@pytest.mark.parametrize(
    ("bits", "expected"), [(96, 0x3000), (128, 0x4000), (198, 0x6800), (202, 0x6800), (16, 0x0800)]
)
def test_a_pc_word_says_how_long_the_epc_is(bits: int, expected: int) -> None:
    assert pc_word(bits) == expected
    assert parse_pc(expected).words == -(-bits // 16)


def test_a_pc_word_carries_flags_and_afi() -> None:
    assert parse_pc(0x36A1) == ProtocolWord(6, True, True, False, 0xA1)
    assert pc_word(96, has_user_memory=True, attributes=1) == 0x3401
    assert pc_word(32, afi=0xA2) == 0x11A2
    assert (parse_pc(0x11A2).afi, parse_pc(0x11A2).attributes) == (0xA2, 0)
    assert (parse_pc(0x3001).afi, parse_pc(0x3001).attributes) == (None, 1)


@given(st.integers(0, 0xFFFF))
def test_every_pc_word_is_written_as_it_was_read(value: int) -> None:
    assert parse_pc(value).value == value


def test_what_a_pc_word_cannot_say_is_refused() -> None:
    with pytest.raises(InvalidIdentifier, match="expected 0 to 31 words of EPC, got 32"):
        pc_word(512)
    with pytest.raises(InvalidIdentifier, match="expected an AFI or attributes of 0 to 255"):
        pc_word(96, afi=256)
    with pytest.raises(InvalidIdentifier, match="either the AFI A2 or attributes, got both"):
        pc_word(96, afi=0xA2, attributes=1)


# The check value that catalogues of check sums give for this polynomial (CRC-16/GENIBUS).
def test_the_check_sum_is_that_of_the_air_interface() -> None:
    assert crc16(b"123456789") == 0xD64E


def test_a_bank_is_cut_by_its_pc_word() -> None:
    assert read_bank(word(0x3000) + SGTIN) == Bank(ProtocolWord(6), SGTIN)
    long_memory = word(0x3000) + SGTIN + bytes.fromhex("DEAD")
    assert read_bank(long_memory) == Bank(ProtocolWord(6), SGTIN, rest=bytes.fromhex("DEAD"))


def test_a_check_sum_in_front_is_checked_and_kept() -> None:
    data = with_crc(word(0x3000) + SGTIN)
    assert read_bank(data, has_crc=True).crc == crc16(word(0x3000) + SGTIN)
    assert read_bank(data, has_crc=None).epc == SGTIN
    for wrong in range(16 * 7):
        flipped = int.from_bytes(data) ^ 1 << wrong
        with pytest.raises(InvalidIdentifier):
            read_bank(flipped.to_bytes(len(data)), has_crc=True)


def test_a_check_sum_at_the_end_is_recognised() -> None:
    body = word(0x3000) + SGTIN
    assert read_bank(body + word(crc16(body))) == Bank(ProtocolWord(6), SGTIN)
    assert read_bank(body + word(crc16(body) ^ 1)).rest == word(crc16(body) ^ 1)


def test_extension_words_are_found_where_tags_send_them() -> None:
    answered = word(0x3200) + word(0x0001) + SGTIN
    assert read_bank(answered).xpc == (1,)
    assert read_bank(answered + word(crc16(answered))).epc == SGTIN
    twice = word(0x3200) + word(0x8001) + word(0x1234) + SGTIN
    assert (read_bank(twice).xpc, read_bank(twice).epc) == ((0x8001, 0x1234), SGTIN)
    # A whole bank: XPC_W1 stands at bit 210h, its 33rd word.
    whole = bytearray(with_crc(word(0x3200) + SGTIN).ljust(70, b"\0"))
    whole[66:70] = word(0x8005) + word(0x0006)
    assert read_bank(bytes(whole), has_crc=True).xpc == (0x8005, 6)
    assert read_bank(word(0x3200) + SGTIN) == Bank(ProtocolWord(6, has_xpc=True), SGTIN)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("30", "expected whole words of 4 hex digits, got 2 digits"),
        ("", "expected a PC word, got no more data"),
        ("3000 3034", "expected 6 words behind PC word 3000, got 1"),
        ("6800 3034257BF7194E4000001A85", "expected 13 words behind PC word 6800, got 6"),
        ("0000 3034257BF7194E4000001A85", "expected an EPC, got the length 0 in PC word 0000"),
    ],
)
def test_a_bank_that_contradicts_itself_is_refused(data: str, says: str) -> None:
    with pytest.raises(InvalidIdentifier, match=says):
        read_bank(bytes.fromhex(data))


def test_a_wrong_check_sum_is_told_with_the_right_one() -> None:
    with pytest.raises(
        InvalidIdentifier, match=r"expected the check sum EE2C, got 1234\."
    ) as error:
        read_bank(bytes.fromhex("1234 3000 3034257BF7194E4000001A85"), has_crc=True)
    assert error.value.position == 0


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("30003034257BF7194E4000001A85", KEY),
        ("3000 3034 257b f719 4e40 0000 1a85", KEY),
        ("EE2C30003034257BF7194E4000001A85", KEY),
        ("30003034257BF7194E4000001A85EE2C", KEY),
        ("34013034257BF7194E4000001A85", KEY),
        ("11A201234567", "urn:epc:raw:32.xA2.x01234567"),
        ("3000E28011602000000000000000", "urn:epc:raw:96.xE28011602000000000000000"),
    ],
)
def test_a_bank_is_identified_with_or_without_its_check_sum(text: str, key: str) -> None:
    assert identify(text, form="bank").key == key


@pytest.mark.parametrize(
    ("text", "says", "position"),
    [
        ("3000303", "expected whole words of 4 hex digits, got 7 digits", 7),
        ("3000 30x4", "expected hexadecimal digits, got 'x'", 7),
        ("30003034", "expected 6 words behind PC word 3000, got 1", 8),
    ],
)
def test_a_bank_that_cannot_be_is_refused(text: str, says: str, position: int) -> None:
    with pytest.raises(InvalidIdentifier, match=says) as error:
        identify(text, form="bank")
    assert error.value.position == position


def test_a_bank_is_no_epc_and_an_epc_no_bank() -> None:
    found = identify("30003034257BF7194E4000001A85", form="epc")
    assert found.kind == "raw"
    assert "PC word 3000 in front" in (found.reason or "")
    with pytest.raises(InvalidIdentifier, match="memory bank"):
        identify("3034257BF7194E4000001A85", form="bank")


def test_what_an_iso_number_carries_is_never_read_as_an_epc() -> None:
    found = identify_bank(word(pc_word(96, afi=0xA1)) + SGTIN)
    assert (found.kind, found.key) == ("raw", f"urn:epc:raw:96.xA1.x{SGTIN.hex().upper()}")
    assert found.key is not None
    assert key_of(found.key) == found.key
    assert identify(found.key).key == found.key


@given(
    epc=st.binary(min_size=2, max_size=62).map(lambda data: data[: len(data) // 2 * 2]),
    crc=st.booleans(),
    afi=st.none() | st.integers(0, 255),
)
def test_a_bank_gives_back_the_epc_that_was_put_in(epc: bytes, crc: bool, afi: int | None) -> None:
    body = word(pc_word(8 * len(epc), afi=afi)) + epc
    bank = read_bank(with_crc(body) if crc else body, has_crc=crc)
    assert (bank.epc, bank.pc.afi, bank.rest) == (epc, afi, b"")
    if afi is None:
        assert identify_bank(body) == identify_epc(epc)
    parsed = parse_epc_uri(bank.raw_uri)
    assert parsed.form == "raw"
    assert bytes.fromhex(parsed.parts[-1]) == epc


def bank_or_place(data: bytes, has_crc: bool | None) -> Bank | int:
    """Return the bank, or the place where it was refused."""
    try:
        return read_bank(data, has_crc=has_crc)
    except InvalidIdentifier as refusal:
        return refusal.position


@given(st.binary(max_size=80))
def test_any_bytes_are_a_bank_or_refused(data: bytes) -> None:
    for has_crc in (False, True, None):
        found = bank_or_place(data, has_crc)
        if isinstance(found, Bank):
            assert 2 * found.pc.words == len(found.epc)
        else:
            assert 0 <= found <= 2 * len(data)


@pytest.mark.parametrize(
    ("uri", "key"),
    [
        # A raw URI whose bits are an EPC is the thing itself, whoever wrote it.
        (f"urn:epc:raw:96.x{SGTIN.hex().upper()}", KEY),
        (f"urn:epc:raw:208.x{LONG.hex().upper()}", identify_epc(LONG).key),
        ("urn:epc:raw:96.xE28011602000000000000000", "urn:epc:raw:96.xE28011602000000000000000"),
        # Zeros in front and the decimal form of old standards come to one spelling.
        ("urn:epc:raw:16.x1", "urn:epc:raw:16.x0001"),
        ("urn:epc:raw:16.255", "urn:epc:raw:16.x00FF"),
        ("urn:epc:raw:16.xA.x1", "urn:epc:raw:16.x0A.x0001"),
    ],
)
def test_raw_uris_have_one_key_for_one_tag(uri: str, key: str) -> None:
    assert (key_of(uri), identify(uri).key) == (key, key)


@pytest.mark.parametrize(
    "uri",
    [
        "urn:epc:raw:0.x0",
        "urn:epc:raw:8.x1FF",
        "urn:epc:raw:8.xff",
        "urn:epc:raw:8.256",
        "urn:epc:raw:8.x100.x01",
        "urn:epc:raw:8.",
    ],
)
def test_a_raw_uri_that_says_too_much_is_refused(uri: str) -> None:
    with pytest.raises(InvalidIdentifier, match="capital hex that fits"):
        identify(uri)
    assert key_of(uri) == uri
