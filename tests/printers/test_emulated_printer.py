"""The printer that is not there: strict about every command, and able to go wrong on purpose."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from PIL import Image

from traceability.errors import Refused
from traceability.printers.emulated.chip import EmulatedChip, chip_number
from traceability.printers.emulated.fields import dots_of
from traceability.printers.emulated.printer import EmulatedPrinter
from traceability.printers.emulated.tspl import TsplReader
from traceability.printers.emulated.zpl import Format, ZplReader

HEAD = b"^XA^PW400^LL240"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"^QQ1,2", "Unknown command ^QQ."),
        (b"~WC", "Unknown command ~WC."),
        (b"^FO390,10^GB20,4,4^FS", "A box reaches 10 dots over the right edge."),
        (b"^FT10,5^A0N,40,40^FDHigh^FS", "The words 'High' reach"),
        (b"^FT380,50^A0N,40,40^FDlong words^FS", "The words 'long words' reach"),
        (b"^FT10,50^A0N,40,40^FB20,1,0,R,0^FDlong^FS", "dots wider than their block."),
        (b"^FO10,10^BY2,3,50^BCN,50,N,N,N,N^FD>;123^FS", "is no pair of digits in subset C"),
        (b"^FO10,10^BY2,3,50^BCN,50,N,N,N,N^FD>x^FS", "in subset B is not understood"),
        (b"^FO10,10^BY2,3,50^BEN,50,N,N^FD9506000134352^FS", "expected 12 digits, got 13"),
        (b"^FO10,10^BY2,3,50^B2N,50,N,N,N^FD123^FS", "expected an even number of digits"),
        (b"^FO10,10^BXN,4,200,,,,_^FD_1019506000134352^FS", "Cannot obey ^FS"),
        (b"^FO10,10^BXN,4,200,,,,_^FD_9^FS", "_9 is not understood"),
        (b"^FO10,10^BQN,1,4^FDMA,X^FS", "expected model 2"),
        (b"^FO10,10^BQN,2,4^FDX^FS", "expected model 2, and a level"),
        (b"^FT10,50^A0N,30,30^FH^FD_G1^FS", "_ without two hex digits"),
        (b"^FT10,50^FDno font^FS", "words without a font"),
        (b"^FT10,50^A0N,30,30^FDtwo\nlines^FS", "Control character in ^FD"),
        (b"^FT10,50^A0N,30,30^FB200,1,0,R,0^FDa\\&b^FS", "a backslash in a block is an order"),
        (b"^FO10,10^GFA,4,4,2,FFFF^FS", "2 bytes came, 4 were told"),
        (b"^FO10,10^BY2,3,50^BCN,50,N,N,N,N^FDAB^FS^FT20,40^A0N,30,30^FDwords^FS",
         "The words 'words' lie on a code."),
        (b"^RFW,H,2,12,1^FD3000^FS", "2 bytes came, 12 were told"),
        (b"^FO10,x^GB1,1,1^FS", "'x' is no whole number"),
    ],
)  # fmt: skip
def test_zpl_that_is_wrong_is_noticed(body: bytes, fault: str) -> None:
    found = ZplReader().read(HEAD + body + b"^XZ")
    faults = [one for made in found if isinstance(made, Format) for one in made.label.faults]
    assert any(fault in one for one in faults), faults


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"FEED 10\r\n", "Unknown command 'FEED 10'."),
        (b'TEXT 10,10,"3",0,1,1,"a"b"\r\n', "Cannot obey"),
        (b'TEXT 390,10,"3",0,1,1,"ab"\r\n', "dots over the right edge"),
        (b'TEXT 10,10,"9",0,1,1,"ab"\r\n', "Cannot obey"),
        (b'BARCODE 10,10,"EAN13",50,0,0,2,2,"9506000134352"\r\n', "expected 12 digits, got 13"),
        (b'BARCODE 10,10,"EAN128",50,0,0,2,2,"(01)"\r\n', "Cannot obey"),
        (b'QRCODE 10,10,M,4,A,0,"X"\r\n', "Cannot obey"),
        (b"BAR 10,10,400,4\r\n", "A box reaches 10 dots over the right edge."),
        (b"BITMAP 0,0,1,1,0,\x00!\r\n", "has other bytes than it told"),
    ],
)
def test_tspl_that_is_wrong_is_noticed(body: bytes, fault: str) -> None:
    data = b"SIZE 50 mm,30 mm\r\nCLS\r\n" + body + b"PRINT 1,1\r\n"
    [(label, _)] = TsplReader(203).receive(data)
    assert any(fault in one for one in label.faults), label.faults


WIRE = HEAD + b"^FO10,20^GB50,4,4^FS^XZ~HS" + HEAD + b"^FO10,30^GB5,4,4^FS^XZ"


@pytest.mark.parametrize("cut", range(0, len(WIRE), 3))
def test_zpl_survives_any_split(cut: int) -> None:
    reader = ZplReader()
    found = reader.read(WIRE[:cut]) + reader.read(WIRE[cut:])
    assert [one if isinstance(one, str) else one.label.faults for one in found] == [[], "HS", []]


def test_tspl_survives_any_split() -> None:
    wire = b"\x1b!?SIZE 50 mm,30 mm\r\nCLS\r\nBITMAP 0,0,2,2,0,\n\r\x1b!\r\nPRINT 1,1\r\n\x1b!?"
    for cut in range(len(wire)):
        reader = TsplReader(203)
        found = reader.read(wire[:cut]) + reader.read(wire[cut:])
        assert [one if isinstance(one, str) else one[0].faults for one in found] == ["?", [], "?"]


def test_pictures_that_others_pack_are_read_too() -> None:
    """By the scheme of the guide, and with what ours does not use."""
    assert dots_of("IFE:", 2) == [b"\xff\xfe", b"\xff\xfe"]
    assert dots_of("FFFF:", 2) == [b"\xff\xff", b"\xff\xff"]
    assert dots_of(",!", 2) == [b"\x00\x00", b"\xff\xff"]
    assert dots_of("80,C!", 2) == [b"\x80\x00", b"\xcf\xff"]


def test_a_chip_keeps_what_it_is_told_unless_it_is_broken() -> None:
    good, dead, wrong = (
        EmulatedChip(chip_number(1)),
        EmulatedChip(chip_number(2), is_dead=True),
        EmulatedChip(chip_number(3), is_wrong=True),
    )
    for one in (good, dead, wrong):
        one.write(1, 1, bytes.fromhex("1000"))
        one.write(1, 2, bytes.fromhex("CAFE0000"))
    assert (good.epc.hex(), wrong.epc.hex()) == ("cafe0000", "cafe0001")
    assert (dead.read(1, 1, 2), dead.read(2, 0, 12)) == (b"", b"")
    assert good.read(2, 0, 12) == chip_number(1)
    assert not good.write(2, 0, b"\x00\x00")


def test_pictures_are_kept_in_a_folder(tmp_path: Path) -> None:
    with EmulatedPrinter("zpl", folder=tmp_path) as printer:
        host, port = printer.address.removeprefix("tcp://").split(":")
        with socket.create_connection((host, int(port))) as line:
            line.sendall(HEAD + b"^FO10,20^GB500,4,4^FS^XZ" + HEAD + b"^FO10,20^GB50,4,4^FS^XZ")
            assert len(printer.wait_sheets(2)) == 2
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        "label-0001.png",
        "label-0001.txt",
        "label-0002.png",
    ]
    with Image.open(tmp_path / "label-0002.png") as picture:
        assert picture.size == (400, 240)
    said = (tmp_path / "label-0001.txt").read_text(encoding="utf-8")
    assert said == "A box reaches 110 dots over the right edge.\n"


def test_a_port_that_is_taken_is_said() -> None:
    with EmulatedPrinter() as one:
        port = int(one.address.rpartition(":")[2])
        with pytest.raises(Refused, match=f"Cannot open port {port}: .* Choose another one"):
            EmulatedPrinter(tcp_port=port)


def test_half_a_label_is_forgotten_when_the_host_hangs_up() -> None:
    with EmulatedPrinter() as printer:
        place = ("127.0.0.1", int(printer.address.rpartition(":")[2]))
        with socket.create_connection(place) as line:
            line.sendall(HEAD + b"^FO10,20^GB50")
        with socket.create_connection(place) as line:
            line.sendall(HEAD + b"^FO10,20^GB50,4,4^FS^XZ")
            [sheet] = printer.wait_sheets(1)
    assert sheet.faults == ()
