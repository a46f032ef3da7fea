"""Real sockets, real ptys: what is surely printed, what its chip says, and what to do if not."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import pytest

from tests.labels.thermal_labels import CHIP, LONG_CHIP, ticket
from traceability.errors import Conflict, Refused
from traceability.gs1.epc_bits import encode_bits
from traceability.labels.hang_tag import hang_tag
from traceability.labels.label import Label
from traceability.ledger.append import Ledger
from traceability.printers import printing
from traceability.printers.address import parse_address
from traceability.printers.chip_events import CHIP_EPC, TID, commissioning, is_known
from traceability.printers.emulated.chip import chip_number
from traceability.printers.emulated.printer import EmulatedPrinter
from traceability.printers.known import (
    Printer,
    enter_printer,
    find_printer,
    found_printers,
    hold,
    printers,
    remove_printer,
)
from traceability.printers.printing import (
    ChipMismatch,
    Job,
    Printed,
    PrinterStopped,
    jobs_of,
    send,
    status_of,
)
from traceability.printers.status import Status, read_tspl_status, read_zpl_status
from traceability.printers.wires import PrinterGone, open_wire
from traceability.projections.view import look

Language = Literal["zpl", "tspl"]
Port = Literal["tcp", "pty"]
SIZE = (50, 30)
TAG_SIZE = (50, 100)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask more often than a real printer is asked."""
    monkeypatch.setattr(printing, "POLL_S", 0.01)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less for those that never answer."""
    for name in ("ANSWER_S", "SILENT_S", "CHIP_S"):
        monkeypatch.setattr(printing, name, 0.3)


def tickets(count: int) -> list[Label]:
    """Return tickets that are told apart by their names."""
    return [Label("ticket", f"T{number}", ticket().drawing, None) for number in range(1, count + 1)]


def tag(serial: int) -> Label:
    """Return the hang-tag of one shirt, with its chip."""
    epc = encode_bits("SGTIN-96", 1, ("9506000", "013435", str(serial)))
    return hang_tag(f"/01/09506000134352/21/{serial}", epc=epc)


def out(
    printer: Printer, labels: Iterable[Label], size: tuple[float, float] = SIZE
) -> list[Printed]:
    """Print labels, and return what came out."""
    return list(send(printer, jobs_of(printer, labels, size)))


# --- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "expected 1 to 200 letters"),
        ("tcp://a b", "no blanks"),
        ("tcp://pri\nnter", "no blanks"),
        ("tcp://" + "a" * 300, "expected 1 to 200 letters"),
        ("192.168.1.50", "expected tcp://host:9100, serial:"),
        ("http://host", "expected tcp://host:9100, serial:"),
        ("tcp://", "expected a host and, after a colon, a port"),
        ("tcp://host:0", "expected a host and, after a colon, a port"),
        ("tcp://host:", "expected a host and, after a colon, a port"),
        ("tcp://host:70000", "expected a port from 1 to 65535"),
        ("tcp://host:9100/lp0", "nothing stands behind the port"),
        ("tcp://me:secret@host", "neither user, password nor fragment"),
        ("tcp://-host", "expected a host"),
        ("serial:///dev/ttyUSB0?baud=9601", "expected a baud of 1200, 2400"),
        ("serial:///dev/ttyUSB0?baud=9600&baud=9600", "each once"),
        ("serial:///dev/ttyUSB0?speed=9600", "only baud and flow can be set"),
        ("serial:///dev/ttyUSB0?flow=yes", "expected a flow of xonxoff, rtscts, none, got 'yes'"),
        ("serial://host/dev", "expected a port such as serial:///dev/ttyUSB0"),
        ("usb://lp0", "expected a device such as usb:///dev/usb/lp0"),
        ("usb:///dev/usb/lp0?x=1", "expected a device such as usb:///dev/usb/lp0"),
    ],
)
def test_a_wrong_address_is_said_with_what_is_wrong(text: str, why: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_address(text)
    assert why in str(caught.value)
    assert str(caught.value).startswith("Cannot read ")


@pytest.mark.parametrize(
    ("text", "place", "port", "baud"),
    [
        ("tcp://printer.local", "printer.local", 9100, 0),
        ("tcp://10.0.0.7:6101", "10.0.0.7", 6101, 0),
        ("tcp://[fe80::1]:9100", "fe80::1", 9100, 0),
        ("serial:///dev/ttyUSB0", "/dev/ttyUSB0", 0, 9600),
        ("serial://COM3?baud=115200", "COM3", 0, 115200),
        ("usb:///dev/usb/lp0", "/dev/usb/lp0", 0, 0),
    ],
)
def test_addresses(text: str, place: str, port: int, baud: int) -> None:
    told = parse_address(text)
    assert (told.place, told.port, told.baud) == (place, port, baud)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (("", "tcp://a"), "expected 1 to 60 characters"),
        ((" a", "tcp://a"), "no blanks at the ends"),
        (("a/b", "tcp://a"), "without slash"),
        (("a", "tcp://a", "epl"), "expected zpl or tspl"),
        (("a", "tcp://a", "zpl", 250), "expected 203, 300 or 600"),
        (("a", "tcp://a", "tspl", 203, True), "cannot write chips: only ZPL says how"),
    ],
)
def test_a_printer_that_cannot_be_is_refused(values: tuple[str, ...], why: str) -> None:
    with pytest.raises(Refused, match=why):
        Printer(*values)  # type: ignore[arg-type]


# --- what was entered, what is plugged in --------------------------------------------------------


def test_printers_are_entered_changed_and_removed(ledger: Ledger) -> None:
    enter_printer(ledger, Printer("Packing", "tcp://10.0.0.8", "tspl", 300), by="admin")
    enter_printer(ledger, Printer("Cutting", "tcp://10.0.0.7"), by="admin")
    enter_printer(ledger, Printer("cutting", "usb:///dev/usb/lp0", has_rfid=True), by="admin")
    with look(ledger) as view:
        assert [one.name for one in printers(view)] == ["cutting", "Packing"]
        assert find_printer(view, "CUTTING") == Printer(
            "cutting", "usb:///dev/usb/lp0", has_rfid=True
        )
        with pytest.raises(Refused, match=r"no printer 'x'\. Known printers: cutting, Packing\."):
            find_printer(view, "x")
    remove_printer(ledger, "Packing", by="admin")
    with look(ledger) as view:
        assert [one.name for one in printers(view)] == ["cutting"]
    with pytest.raises(Refused, match="There is no printer 'Packing'"):
        remove_printer(ledger, "Packing", by="admin")


def test_a_usb_printer_says_what_it_is(tmp_path: Path) -> None:
    for name, said in (
        ("lp0", "MFG:Zebra Technologies ;CMD:ZPL;MDL:ZTC ZD421-203dpi ZPL;CLS:PRINTER;"),
        ("lp1", "MFG:TSC;MDL:TE210;CMD:TSPL2;"),
        ("lp2", "MFG:HP;MDL:LaserJet;CMD:PCL;"),
    ):
        (tmp_path / "dev/usb").mkdir(parents=True, exist_ok=True)
        (tmp_path / "dev/usb" / name).touch()
        place = tmp_path / f"sys/class/usbmisc/{name}/device"
        place.mkdir(parents=True)
        (place / "ieee1284_id").write_text(said)
    found = found_printers(dev=tmp_path / "dev", sys=tmp_path / "sys")[:3]
    assert [(one.about, one.language) for one in found] == [
        ("Zebra Technologies ZTC ZD421-203dpi ZPL", "zpl"),
        ("TSC TE210", "tspl"),
        ("HP LaserJet", None),
    ]


# --- printing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zpl", "tspl"])
@pytest.mark.parametrize("port", ["tcp", "pty"])
def test_labels_come_out_in_order(language: Language, port: Port) -> None:
    with EmulatedPrinter(language, port=port, slow_ms=10) as there:
        printer = Printer("there", there.address, language)
        found = out(printer, tickets(6))
        assert [(one.number, one.name, one.is_sure) for one in found] == [
            (number, f"T{number}", True) for number in range(1, 7)
        ]
        assert [sheet.faults for sheet in there.sheets] == [()] * 6
        assert status_of(printer) == Status()


def test_a_label_is_told_as_soon_as_it_is_out() -> None:
    with EmulatedPrinter(slow_ms=20) as there:
        printer = Printer("there", there.address)
        sent = send(printer, jobs_of(printer, tickets(8), SIZE))
        counts = [len(there.sheets) - one.number for one in sent]
    assert all(count >= 0 for count in counts)
    assert counts[0] < 7


@pytest.mark.usefixtures("impatient")
def test_a_printer_that_says_nothing_is_believed_but_not_sure() -> None:
    with EmulatedPrinter(is_mute=True) as there:
        found = out(Printer("mute", there.address), tickets(5))
        assert [one.is_sure for one in found] == [False] * 5
        assert len(there.wait_sheets(5)) == 5
        assert status_of(Printer("mute", there.address)) is None


def test_a_printer_by_its_device_file() -> None:
    with EmulatedPrinter(port="pty") as there:
        device = parse_address(there.address).place
        assert len(out(Printer("usb", f"usb://{device}"), tickets(3))) == 3
        assert len(there.sheets) == 3


@pytest.mark.parametrize("language", ["zpl", "tspl"])
@pytest.mark.parametrize("port", ["tcp", "pty"])
def test_a_plug_that_is_pulled_names_the_last_label(language: Language, port: Port) -> None:
    with EmulatedPrinter(language, port=port, slow_ms=10) as there:
        printer = Printer("there", there.address, language)
        there.cut_after(6)
        found: list[int] = []
        with pytest.raises(PrinterStopped) as caught:
            found.extend(one.number for one in send(printer, jobs_of(printer, tickets(30), SIZE)))
    assert found == list(range(1, caught.value.last + 1))
    assert 2 <= caught.value.last <= 6
    assert (
        f"Label T{caught.value.last} ({caught.value.last} of this job) was the last one surely "
        in (str(caught.value))
    )
    assert len(there.sheets) == 6


@pytest.mark.parametrize("language", ["zpl", "tspl"])
@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        ("paper", "The printer is out of paper: put a roll in."),
        ("head", "The printer is open: close it."),
        ("paused", "The printer was paused: press its pause key."),
    ],
)
def test_a_printer_that_stands_still_is_not_begun_with(
    language: Language, trouble: str, sentence: str
) -> None:
    with EmulatedPrinter(language) as there:
        there.trouble(trouble)
        with pytest.raises(PrinterStopped) as caught:
            out(Printer("there", there.address, language), tickets(2))
        there.solve()
    assert str(caught.value).startswith(sentence)
    assert (caught.value.last, there.sheets) == (0, [])


@pytest.mark.parametrize("language", ["zpl", "tspl"])
def test_paper_that_ends_throws_away_what_was_sent_ahead(language: Language) -> None:
    """What is still in the printer would come out with the new roll, and then once more."""
    with EmulatedPrinter(language, slow_ms=10) as there:
        printer = Printer("there", there.address, language)
        there.paper_for(5)
        with pytest.raises(PrinterStopped, match="out of paper") as caught:
            out(printer, tickets(12))
        assert 3 <= caught.value.last <= 5
        there.solve()
        rest = out(printer, tickets(12)[caught.value.last :])
        assert len(rest) == 12 - caught.value.last
        assert len(there.sheets) == 5 + len(rest)


def test_who_is_patient_may_put_paper_in() -> None:
    with EmulatedPrinter(slow_ms=10) as there:
        printer = Printer("there", there.address)
        there.paper_for(2)
        told = []

        def tell(status: Status) -> None:
            told.append(status.sentence)
            threading.Timer(0.1, there.solve).start()

        found = list(send(printer, jobs_of(printer, tickets(6), SIZE), tell=tell, patience_s=5))
        assert len(found) == len(there.sheets) == 6
    assert told[:1] == ["The printer is out of paper: put a roll in."]


def test_a_label_that_cannot_be_made_stops_after_those_before_it() -> None:
    labels = [*tickets(3), ticket(lines=("two\nlines",))]
    found: list[int] = []
    with EmulatedPrinter() as there:
        printer = Printer("there", there.address)
        with pytest.raises(Refused, match="control character U\\+000A"):
            found.extend(one.number for one in send(printer, jobs_of(printer, labels, SIZE)))
        assert (found, len(there.sheets)) == ([1, 2, 3], 3)


def test_a_printer_has_one_job_at_a_time() -> None:
    with EmulatedPrinter() as there:
        printer = Printer("Cutting", there.address)
        with hold(printer), pytest.raises(Refused) as caught:
            out(printer, tickets(1))
        assert str(caught.value) == (
            "Printer Cutting is printing another job. Wait until it is done, then try again."
        )
        assert len(out(printer, tickets(1))) == 1


def test_a_printer_that_is_not_there() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(PrinterGone, match=f"Cannot reach the printer at 127.0.0.1 port {port}: "):
        out(Printer("gone", f"tcp://127.0.0.1:{port}"), tickets(1))
    with pytest.raises(PrinterGone, match=r"Cannot open /dev/ttyNONE: .*no other program"):
        open_wire("serial:///dev/ttyNONE")
    with pytest.raises(PrinterGone, match=r"Cannot open /dev/usb/lp99: .*group lp"):
        open_wire("usb:///dev/usb/lp99")


@pytest.mark.skipif(os.name == "nt", reason="no device files there")
def test_a_file_is_no_printer(tmp_path: Path) -> None:
    place = tmp_path / "lp0"
    place.touch()
    with pytest.raises(PrinterGone, match="it is a file, not a printer"):
        open_wire(f"usb://{place}")


# --- chips ---------------------------------------------------------------------------------------


def test_a_chip_is_written_read_back_and_proved() -> None:
    with EmulatedPrinter() as there:
        printer = Printer("there", there.address, has_rfid=True)
        found = out(printer, [tag(100), tag(101)], TAG_SIZE)
        assert [(one.epc, one.tid, one.voids) for one in found] == [
            (CHIP, chip_number(1), 0),
            (tag(101).epc, chip_number(2), 0),
        ]
        assert [sheet.epc for sheet in there.sheets] == [CHIP, tag(101).epc]


def test_a_long_chip_keeps_all_its_words() -> None:
    label = hang_tag("/01/09506000134352/21/A_1-9", square="matrix", epc=LONG_CHIP)
    with EmulatedPrinter() as there:
        [found] = out(Printer("there", there.address, has_rfid=True), [label], TAG_SIZE)
    assert found.epc == LONG_CHIP


def test_a_void_chip_gives_its_number_to_the_next_one() -> None:
    with EmulatedPrinter() as there:
        there.dead_chips(2)
        [found] = out(Printer("there", there.address, has_rfid=True), [tag(100)], TAG_SIZE)
        assert (found.number, found.epc, found.tid, found.voids) == (1, CHIP, chip_number(3), 2)
        assert [sheet.is_void for sheet in there.sheets] == [True, True, False]


def test_three_void_chips_in_a_row_stop_the_job() -> None:
    with EmulatedPrinter() as there:
        there.dead_chips(3)
        with pytest.raises(Refused, match="3 chips in a row could not be written for label 100"):
            out(Printer("there", there.address, has_rfid=True), [tag(100), tag(101)], TAG_SIZE)
        assert [sheet.is_void for sheet in there.sheets] == [True] * 3


def test_a_chip_that_reads_otherwise_stops_the_job_with_both_values() -> None:
    with EmulatedPrinter() as there:
        printer = Printer("there", there.address, has_rfid=True)
        sent = send(printer, jobs_of(printer, [tag(100), tag(101), tag(102)], TAG_SIZE))
        found = [next(sent).number]
        there.wrong_chips(1)
        with pytest.raises(ChipMismatch) as caught:
            next(sent)
        assert (found, caught.value.last, len(there.sheets)) == ([1], 1, 2)
    expected = (tag(101).epc or b"").hex().upper()
    wrong = expected[:-1] + "4"
    assert f"was to say {expected}, but says {wrong}" in str(caught.value)
    assert "Its number is not used, and nothing after it was printed." in str(caught.value)
    assert isinstance(caught.value, Conflict)


def test_a_reprint_keeps_its_number_and_wears_another_chip() -> None:
    with EmulatedPrinter() as there:
        printer = Printer("there", there.address, has_rfid=True)
        [first], [again] = out(printer, [tag(100)], TAG_SIZE), out(printer, [tag(100)], TAG_SIZE)
    assert (first.epc, again.epc) == (CHIP, CHIP)
    assert first.tid != again.tid


def test_one_chip_for_two_labels_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from traceability.printers.emulated import printer as emulated_printer

    monkeypatch.setattr(emulated_printer, "chip_number", lambda _running: chip_number(7))
    with EmulatedPrinter() as there:
        printer = Printer("there", there.address, has_rfid=True)
        with pytest.raises(
            ChipMismatch, match="was written twice, for label 100 and for label 101"
        ):
            out(printer, [tag(100), tag(101)], TAG_SIZE)


def test_a_printer_without_rfid_prints_the_label_alone() -> None:
    with EmulatedPrinter() as there:
        printer = Printer("plain", there.address)
        [found] = out(printer, [tag(100)], TAG_SIZE)
        assert (found.epc, there.sheets[0].tid) == (None, None)
        with pytest.raises(Refused, match="Cannot write the chip of label x: plain writes no"):
            list(send(printer, [Job(b"^XA^XZ", "x", CHIP)]))


@pytest.mark.usefixtures("impatient")
def test_a_printer_that_does_not_say_what_it_read_stops_the_job() -> None:
    with EmulatedPrinter(is_mute=True) as there:
        printer = Printer("mute", there.address, has_rfid=True)
        with pytest.raises(PrinterStopped, match="does not answer any more"):
            out(printer, [tag(100)], TAG_SIZE)


def test_a_chip_that_was_read_back_is_recorded(ledger: Ledger) -> None:
    [key] = [tag(100).key]
    assert key is not None
    printed = Printed(1, CHIP, chip_number(1))
    draft = commissioning(
        key, printed, at=1_772_439_330_000_000, by="admin", place="//rua.invalid/loc/desk"
    )
    assert (draft.tree[CHIP_EPC], draft.tree[TID]) == (
        CHIP.hex().upper(),
        chip_number(1).hex().upper(),
    )
    with look(ledger) as view:
        assert not is_known(view, key)
    [outcome] = ledger.append([draft])
    assert outcome.status == "accepted"
    with look(ledger) as view:
        assert is_known(view, key)
    again = commissioning(key, printed, at=1_772_439_330_000_000, by="admin", is_again=True)
    assert again.tree["action"] == "OBSERVE"


def test_a_chip_of_another_thing_is_not_recorded() -> None:
    with pytest.raises(Conflict, match=r"is for /01/\d+/21/7, but its chip says .*21/100"):
        commissioning("/01/09506000134352/21/7", Printed(1, CHIP), at=0, by="admin")
    with pytest.raises(Refused, match="none was read"):
        commissioning("/01/09506000134352/21/7", Printed(1), at=0, by="admin")


# --- what printers say of themselves -------------------------------------------------------------


def test_the_status_of_the_guide() -> None:
    """The three lines as the ZPL II Programming Guide lays them out, flag by flag."""
    lines = (
        "030,0,0,1225,000,0,0,0,000,0,0,0", "001,0,0,0,1,2,6,0,00000000,1,000", "1234,0",
    )  # fmt: skip
    good = "".join(f"\x02{line}\x03\r\n" for line in lines).encode()
    assert read_zpl_status(good) == Status()
    assert [read_zpl_status(good[:cut]) for cut in (0, 20, 60)] == [None] * 3
    assert read_zpl_status(good.replace(b"030,0,0", b"030,1,1")) == Status(("paper", "paused"))
    assert read_zpl_status(good.replace(b"001,0,0,0", b"001,0,1,1")) == Status(("ribbon", "head"))
    assert read_zpl_status(good.replace(b"1225,000", b"1225,004")) == Status(waiting=4)
    assert read_zpl_status(good.replace(b",00000000,", b",00000007,")) == Status(waiting=7)


@pytest.mark.parametrize(
    ("byte", "status"),
    [
        (0x00, Status()), (0x01, Status(("head",))), (0x02, Status(("jam",))),
        (0x04, Status(("paper",))), (0x05, Status(("head", "paper"))),
        (0x08, Status(("ribbon",))), (0x10, Status(("paused",))), (0x20, Status(waiting=1)),
        (0x80, Status(("other",))),
    ],
)  # fmt: skip
def test_the_status_byte_of_tspl(byte: int, status: Status) -> None:
    assert read_tspl_status(bytes([byte])) == status
    assert read_tspl_status(b"") is None
