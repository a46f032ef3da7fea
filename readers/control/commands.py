"""`hangtag readers settings`, `set`, `write` …: a reader, or one tag before it, is told things."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from readers.reads import ReaderError, Written
from readers.registry import PROTOCOLS, protocol

if TYPE_CHECKING:
    from readers.control.controls import Controls, Settings
    from readers.control.talk import Talk

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., None])
AREAS = ("kill", "access", "epc", "tid", "user")
BANKS = ("reserved", "epc", "tid", "user")
PASSWORD_SIZE = 4


class _Hex(click.ParamType):  # type: ignore[type-arg]  # not generic in older releases
    """Bytes as hex, of a size or of any."""

    name = "hex"

    def __init__(self, size: int | None = None) -> None:
        self._size = size

    # Any: what click hands in, text or what was converted before.
    def convert(
        self, value: Any, param: click.Parameter | None, context: click.Context | None
    ) -> bytes:
        if isinstance(value, bytes):
            return value
        try:
            data = bytes.fromhex(value)
        except ValueError:
            self.fail(f"expected hex digits, got {value[:80]!r}", param, context)
        if not data or self._size not in (None, len(data)):
            self.fail(f"expected {2 * (self._size or 1)} hex digits, got {value!r}", param, context)
        return data


class _Port:
    """One reader on a port that no station holds."""

    def __init__(self, url: str, name: str, baud: int | None) -> None:
        entry = protocol(name)
        if entry.controls is None:
            raise ReaderError(f"{entry.short or entry.title} cannot be told anything from here.")
        self.url, self.name, self.baud = url, name, baud
        self.controls: Controls = entry.controls()

    def converse(self, talk: Talk[T]) -> T:
        from readers.control.talk import converse

        return converse(self.url, self.baud, self.name, talk)


def _on_port(command: F) -> F:
    """Give a command the port and the protocol, and JSON as an answer."""
    options = (
        click.argument("url"),
        click.option(
            "--protocol", "name", type=click.Choice(list(PROTOCOLS)), required=True,
            help="What the reader speaks.",
        ),
        click.option("--baud", type=int, help="Bits per second; the usual speed if not given."),
        click.option("--json", "as_json", is_flag=True, help="The answer as one JSON line."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def _kept(command: F) -> F:
    return click.option(
        "--kept", "folder", type=click.Path(file_okay=False),
        help="Folder of the settings that readers had before; hangtag's own if not given.",
    )(command)  # fmt: skip


def _tid(command: F) -> F:
    return click.option(
        "--tid", type=_Hex(), required=True, help="Number in the chip, as `read-tag` shows it."
    )(command)


def _password(command: F) -> F:
    return click.option(
        "--password", type=_Hex(PASSWORD_SIZE), default=b"\0\0\0\0",
        help="The tag's access password, 8 hex digits; none if not given.",
    )(command)  # fmt: skip


@click.command()
@_on_port
def settings(url: str, name: str, baud: int | None, as_json: bool) -> None:
    """Show how the reader at URL is set: region, power, antennas, session. Nothing is changed."""
    port = _Port(url, name, baud)
    _show(port.converse(port.controls.settings()), as_json)


@click.command("set")
@_on_port
@_kept
@click.option("--power", type=float, multiple=True, help="dBm; once, or once for each antenna.")
@click.option("--region", help="Region of the place where it stands: eu, us, cn …")
@click.option("--antenna", type=int, multiple=True, help="Port to use, from 1; once for each.")
@click.option("--session", type=click.IntRange(0, 3), help="Session of the inventory.")
@click.option("--target", type=click.Choice(["A", "B"]), default="A", help="Who answers first.")
def set_(
    url: str,
    name: str,
    baud: int | None,
    as_json: bool,
    folder: str | None,
    power: tuple[float, ...],
    region: str | None,
    antenna: tuple[int, ...],
    session: int | None,
    target: str,
) -> None:
    """Set what is named, and nothing else; what was set before is kept for `restore`."""
    port = _Port(url, name, baud)
    controls = port.controls
    talks: list[Talk[None]] = []
    if region is not None:
        talks.append(controls.set_region(region))
    if power:
        talks.append(controls.set_power(power))
    if antenna:
        talks.append(controls.set_antennas(antenna))
    if session is not None:
        talks.append(controls.set_session(session, target))
    if not talks:
        raise ReaderError("Say what to set: --power, --region, --antenna or --session.")
    before = port.converse(controls.settings())
    _store(folder).keep(name, before, port=url)

    def all_of_it() -> Talk[Settings]:
        for talk in talks:
            yield from talk
        return (yield from controls.settings())

    _show(port.converse(all_of_it()), as_json)


@click.command()
@_on_port
@_kept
def restore(url: str, name: str, baud: int | None, as_json: bool, folder: str | None) -> None:
    """Set the reader at URL back to how it was before `set` changed it for the first time."""
    port = _Port(url, name, baud)
    now = port.converse(port.controls.settings())
    before = _store(folder).find(name, now.identity, port=url)

    def all_of_it() -> Talk[Settings]:
        yield from port.controls.restore(before)
        return (yield from port.controls.settings())

    _show(port.converse(all_of_it()), as_json)


@click.command()
@_on_port
def beep(url: str, name: str, baud: int | None, as_json: bool) -> None:
    """Let the reader at URL beep or blink, to see which box it is."""
    port = _Port(url, name, baud)
    port.converse(port.controls.beep())
    _say({"done": "beep"}, "It has been told to beep.", as_json)


@click.command()
@_on_port
@click.option("--on", type=int, multiple=True, help="Output to switch on, as on the box.")
@click.option("--off", type=int, multiple=True, help="Output to switch off.")
def outputs(
    url: str, name: str, baud: int | None, as_json: bool, on: tuple[int, ...], off: tuple[int, ...]
) -> None:
    """Switch outputs of the reader at URL: lamps, a buzzer."""
    pins = dict.fromkeys(off, False) | dict.fromkeys(on, True)
    if not pins:
        raise ReaderError("Say which outputs to switch: --on 1, --off 2.")
    port = _Port(url, name, baud)
    port.converse(port.controls.outputs(pins))
    words = ", ".join(f"{pin} {'on' if is_on else 'off'}" for pin, is_on in sorted(pins.items()))
    _say({"outputs": {str(pin): is_on for pin, is_on in pins.items()}}, words, as_json)


@click.command()
@_on_port
def inputs(url: str, name: str, baud: int | None, as_json: bool) -> None:
    """Show the inputs of the reader at URL: a photo-eye, a button."""
    port = _Port(url, name, baud)
    pins = port.converse(port.controls.inputs())
    words = ", ".join(f"{pin} {'high' if is_on else 'low'}" for pin, is_on in sorted(pins.items()))
    _say({"inputs": {str(pin): is_on for pin, is_on in pins.items()}}, words, as_json)


@click.command("read-tag")
@_on_port
@click.option("--tid", type=_Hex(), help="Number in the chip of the tag that is meant.")
@click.option("--epc", type=_Hex(), help="EPC of the tag that is meant.")
@click.option("--bank", type=click.Choice(BANKS), help="What to read; without it, list the tags.")
@click.option("--address", type=click.IntRange(0, 255), default=0, help="First word of 16 bits.")
@click.option("--words", type=click.IntRange(1, 64), default=6, help="How many words.")
@_password
def read_tag(
    url: str,
    name: str,
    baud: int | None,
    as_json: bool,
    tid: bytes | None,
    epc: bytes | None,
    bank: str | None,
    address: int,
    words: int,
    password: bytes,
) -> None:
    """List the tags before the reader with the numbers of their chips, or read one's memory."""
    from readers.control.writing import Selection

    port = _Port(url, name, baud)
    if bank is None:
        found = port.converse(port.controls.tags())
        for tag in found:
            tree = {"epc": tag.epc.hex(), "pc": f"{tag.pc:04x}", "tid": tag.tid.hex()}
            _say(tree, f"{tag.epc.hex().upper()}  TID {tag.tid.hex().upper()}", as_json)
        if not found and not as_json:
            click.echo("No tag answers: hold one to the antenna.")
        return
    which = Selection(tid or b"", epc or b"")
    key = int.from_bytes(password, "big")
    talk = port.controls.read_tag(which, BANKS.index(bank), address, words, key)
    data = port.converse(talk)
    _say({"bank": bank, "address": address, "data": data.hex()}, data.hex().upper(), as_json)


@click.command()
@_on_port
@_tid
@click.option("--epc", type=_Hex(), required=True, help="What the tag is to say.")
@_password
def write(
    url: str, name: str, baud: int | None, as_json: bool, tid: bytes, epc: bytes, password: bytes
) -> None:
    """Write an EPC into the one tag with this chip number, and read it back."""
    port = _Port(url, name, baud)
    key = int.from_bytes(password, "big")
    _show_written(port.converse(port.controls.write_epc(tid, epc, key)), as_json)


@click.command("write-password")
@_on_port
@_tid
@click.option("--which", type=click.Choice(["access", "kill"]), required=True, help="Which one.")
@click.option(
    "--new", type=_Hex(PASSWORD_SIZE), required=True, help="8 hex digits; 0 takes it away."
)
@_password
def write_password(
    url: str,
    name: str,
    baud: int | None,
    as_json: bool,
    tid: bytes,
    which: str,
    new: bytes,
    password: bytes,
) -> None:
    """Write a tag's access or kill password. Keep it: nobody can read it out of a locked tag."""
    port = _Port(url, name, baud)
    number, key = int.from_bytes(new, "big"), int.from_bytes(password, "big")
    talk = port.controls.write_password(tid, f"{which} password", number, key)
    _show_written(port.converse(talk), as_json)


@click.command()
@_on_port
@_tid
@click.option(
    "--area", type=click.Choice(AREAS), multiple=True, default=("epc",), show_default=True,
    help="What to lock; once for each.",
)  # fmt: skip
@click.option("--open", "is_opened", is_flag=True, help="Open it again instead.")
@click.option("--permanently", is_flag=True, help="For ever: nobody can undo it.")
@_password
def lock(
    url: str,
    name: str,
    baud: int | None,
    as_json: bool,
    tid: bytes,
    area: tuple[str, ...],
    is_opened: bool,
    permanently: bool,
    password: bytes,
) -> None:
    """Lock parts of a tag behind its access password, or open them."""
    if is_opened and permanently:
        raise ReaderError("Cannot open a tag for ever: leave --permanently out.")
    port = _Port(url, name, baud)
    key = int.from_bytes(password, "big")
    talk = (
        port.controls.unlock(tid, area, key)
        if is_opened
        else port.controls.lock(tid, area, key, permanently=permanently)
    )
    _show_written(port.converse(talk), as_json)


@click.command()
@_on_port
@_tid
@click.option("--password", type=_Hex(PASSWORD_SIZE), required=True, help="Its kill password.")
@click.option("--surely", is_flag=True, help="Yes, silence this tag for ever.")
def kill(
    url: str, name: str, baud: int | None, as_json: bool, tid: bytes, password: bytes, surely: bool
) -> None:
    """Silence a tag for ever."""
    port = _Port(url, name, baud)
    talk = port.controls.kill(tid, int.from_bytes(password, "big"), surely=surely)
    _show_written(port.converse(talk), as_json)


def _store(folder: str | None) -> Any:  # Any: imported late
    from pathlib import Path

    from readers.control.kept_settings import KeptSettings

    return KeptSettings(folder or Path(click.get_app_dir("hangtag")) / "readers")


def _show(told: Settings, as_json: bool) -> None:
    _say(told.tree(), "\n".join(told.words()) or "It tells nothing of its settings.", as_json)


def _show_written(written: Written, as_json: bool) -> None:
    before, now = written.before_epc.hex().upper(), written.after_epc.hex().upper()
    words = f"TID {written.tid.hex().upper()}  EPC {before}"
    if written.after_pc is None:
        words += ": silent for ever"
    elif written.what == "epc":
        words += f" -> {now}  PC {written.before_pc:04X} -> {written.after_pc:04X}, read back"
    else:
        areas = " ".join(written.areas)
        words += f": {written.what} {areas}".rstrip() + (" for ever" * written.is_for_ever)
    at = datetime.now(UTC).isoformat(timespec="microseconds")
    _say(written.tree() | {"at": at}, words, as_json)


def _say(tree: Mapping[str, object], words: str, as_json: bool) -> None:
    click.echo(json.dumps(tree, ensure_ascii=False) if as_json else words)


COMMANDS = (
    settings, set_, restore, beep, outputs, inputs, read_tag, write, write_password, lock, kill,
)  # fmt: skip
