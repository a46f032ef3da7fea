"""Printers that mean harm, hang, or are no printers at all."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from traceability.errors import Refused
from traceability.ledger.append import Ledger
from traceability.printers import printing
from traceability.printers.known import MASTER_TYPE, Printer, enter_printer, hold, printers
from traceability.printers.printing import PrinterStopped, send, status_of
from traceability.printers.status import Status, read_zpl_status
from traceability.printers.wires import PrinterGone
from traceability.projections.entering import master_draft
from traceability.projections.view import look


def test_one_printer_under_two_spellings_has_one_job() -> None:
    with (
        hold(Printer("One", "tcp://printer.local")),
        pytest.raises(Refused, match="is printing another job"),
        hold(Printer("Two", "tcp://PRINTER.local:9100")),
    ):
        pass


def _answering(says: bytes, times: int = 1) -> Iterator[str]:
    """Serve one line that answers whatever it is told with the same bytes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def live() -> None:
            line, _ = server.accept()
            with line, contextlib.suppress(OSError):
                while line.recv(4096):
                    for _ in range(times):
                        line.sendall(says)

        thread = threading.Thread(target=live, daemon=True)
        thread.start()
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
        thread.join(timeout=5)


STATUS = b"\x02030,0,0,0240,%s,0,0,0,000,0,0,0\x03\r\n\x02000,0,0,0,0,2,4,0,%s,1,000\x03\r\n"


def test_a_printer_that_prints_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printing, "STUCK_S", 0.3)
    busy = STATUS % (b"005", b"00000009")
    for address in _answering(busy):
        with pytest.raises(PrinterStopped, match="nothing came out") as stopped:
            list(send(Printer("Stuck", address), [b"^XA^XZ"] * 6))
        assert stopped.value.last == 0


@pytest.mark.parametrize(
    ("says", "times"), [(b"\x02" + b"A" * 4000, 400), (b"\x00\xff\x03\x02,,," * 500, 400)]
)
def test_noise_without_end_is_no_answer(
    says: bytes, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing, "ANSWER_S", 0.5)
    for address in _answering(says, times):
        assert status_of(Printer("Noise", address)) is None


def test_a_number_of_thousands_of_digits_is_noise() -> None:
    status = read_zpl_status(STATUS % (b"9" * 5_000, b"9" * 5_000))
    assert status == Status((), 0)


@pytest.mark.parametrize("path", ["/etc/passwd", "/dev/../etc/passwd", "/etc"])
def test_a_file_is_no_printer(path: str) -> None:
    with pytest.raises(PrinterGone, match="it is a file, not a printer"):
        list(send(Printer("File", f"usb://{path}"), [b"^XA^XZ"]))


@pytest.mark.parametrize(
    "values",
    [
        {"name": "P", "address": "tcp://h", "dpi": None},
        {"name": "P", "address": "tcp://h", "dpi": [203]},
        {"name": ["P"], "address": None},
        {"name": "P", "address": "gopher://h"},
        {},
    ],
)
def test_what_a_script_entered_as_no_printer_hides_no_other(
    ledger: Ledger, values: dict[str, object]
) -> None:
    good = Printer("Cutting", "tcp://192.168.1.50")
    enter_printer(ledger, good, by="admin")
    with look(ledger) as view:
        key = f"//{view.namespace}/obj/printer bad"
    ledger.append([master_draft(MASTER_TYPE, key, values, by="admin")])
    with look(ledger) as view:
        assert printers(view) == [good]
