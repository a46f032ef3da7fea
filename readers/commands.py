"""`hangtag readers`: list the ports, watch a reader, decode bytes, be a reader."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from readers.codec import Codec
from readers.control import commands as control_commands
from readers.reads import DELIVERED, Item, Noise, ReaderError, Reply, TagRead
from readers.registry import PROTOCOLS, protocol
from readers.watching.commands import watch
from readers.watching.lines import told

if TYPE_CHECKING:
    from readers.emulated.emulation import EmulatedReader, PortKind
    from readers.probe import Step

NAMES = click.Choice(list(PROTOCOLS))
TIMES = ("%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S")
OUT_SIZE = 1 << 16
"""Decoded lines are written in pieces of about this many characters."""
NOTHING_APPEARS = (
    "If it is plugged in: its cable may only charge (take the reader's own), or the socket may be"
    " dead (try another one, on the PC itself). A reader that types like a keyboard needs no port."
)
_MORE_ENCODED = json.JSONEncoder(ensure_ascii=False).encode


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def readers() -> None:
    """Ports and the readers on them."""


for _command in control_commands.COMMANDS:
    readers.add_command(_command)


@readers.command("list")
@click.argument("devices", nargs=-1)
@click.option("--keyboards", "is_all", is_flag=True, help="Every keyboard, a person's too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a port.")
def list_ports(devices: tuple[str, ...], is_all: bool, as_json: bool) -> None:
    """Say for each port (or for DEVICES) whether it can be opened and, if not, the remedy."""
    from readers.ports import examine, ports
    from readers.transports.keyboard import keyboards
    from readers.usb import usb_devices

    found = [examine(device) for device in devices] if devices else ports()
    if is_all:
        listed = {port.device for port in found}
        found += [port for port in keyboards(is_all=True) if port.device not in listed]
    unseen = [] if devices else [one for one in usb_devices() if one.is_suspect]
    if as_json:
        for tree in [port.tree() for port in found] + [device.tree() for device in unseen]:
            click.echo(json.dumps(tree, ensure_ascii=False))
        return
    for port in found:
        mark = "ready " if port.is_open_to_us else "closed"
        about = "  ".join(each for each in (port.description, port.usb, port.by_id) if each)
        click.echo(f"{mark} {port.device}  {about}".rstrip())
        if port.remedy:
            click.echo(f"       {port.remedy}")
    for device in unseen:
        click.echo(f"no port {device.sentence}")
    if not found:
        click.echo("No serial port found. Plug a reader in, then list again.")
    if not found and not unseen:
        click.echo(NOTHING_APPEARS)
    click.echo("\nProtocols:")
    for entry in PROTOCOLS.values():
        click.echo(f"  {entry.name:14} {entry.title}")


readers.add_command(watch)


@readers.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--protocol", "name", type=NAMES, help="If the tape does not say it.")
@click.option("--from", "first", type=click.DateTime(TIMES), help="From this time on, UTC.")
@click.option("--to", "last", type=click.DateTime(TIMES), help="Up to this time, UTC.")
@click.option("--all", "is_all", is_flag=True, help="Answers and noise too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def replay(
    path: Path,
    name: str | None,
    first: datetime | None,
    last: datetime | None,
    is_all: bool,
    as_json: bool,
) -> None:
    """Play the recording PATH again: the same values at the same times, over all its segments.

    PATH is the folder of one reader's tape, or one file of it.
    """
    from readers.recordings.recording import replay as play_again
    from readers.recordings.tapes import file_lines, protocol_of, tape_lines

    kinds = (*DELIVERED, Reply, Noise) if is_all else DELIVERED
    lines = tape_lines(path) if path.is_dir() else file_lines(path)
    reader = path.name.partition(".jsonl")[0]
    codec = protocol(name or protocol_of(path)).codec()
    # What comes before is played too: a frame may have begun there.
    for happening in play_again(lines, codec, reader, deliver=kinds):
        at = happening.at.replace(tzinfo=None)
        if last is not None and at > last:
            break
        if first is None or at >= first:
            click.echo(told(happening, as_json=as_json))


@readers.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a segment.")
def tapes(folder: Path, as_json: bool) -> None:
    """List the segments of the tapes in FOLDER and check every byte that is here.

    What was given up for room is listed as gone, or as kept where events point to it: neither is a
    fault. Ends with 1 if a byte is not what was recorded.
    """
    from readers.recordings.tapes import check, tree_of

    is_wrong = False
    for each in sorted(one for one in (folder, *folder.iterdir()) if one.is_dir()):
        for segment, problem in check(each):
            is_wrong = is_wrong or bool(problem)
            tree = {**tree_of(segment), "problem": problem}
            if as_json:
                click.echo(json.dumps(tree, ensure_ascii=False))
                continue
            said = "  ".join(f"{tree[key]}" for key in ("from", "to") if tree[key])
            size = f"{tree['bytes']:>12,} B" if tree["bytes"] else ""
            click.echo(
                f"{each.name}/{segment.number:06d}  {segment.state:6}  {said}{size}"
                f"{'  WRONG: ' + problem if problem else ''}".rstrip()
            )
    if is_wrong:
        sys.exit(1)


@readers.command()
@click.argument("port")
@click.option("--seconds", type=float, default=9.5, show_default=True, help="Longest time.")
@click.option("--json", "as_json", is_flag=True, help="The finding as one JSON line.")
def probe(port: str, seconds: float, as_json: bool) -> None:
    """Find out which protocol the reader on PORT speaks, at which speed, and what it is.

    Nothing in the reader is changed. PORT is /dev/ttyUSB0, COM3, socket://host:port or another
    address of docs/protocols.md.
    """
    from readers.probe import Found
    from readers.probe import probe as find_out

    found = find_out(port, seconds=seconds, on_step=_say_step)
    if as_json:
        click.echo(json.dumps(found.tree(), ensure_ascii=False))
    elif isinstance(found, Found):
        click.echo(found.sentence)
        for hint in found.oddities:
            click.echo(hint.sentence)
        speed = f" --baud {found.baud}" if found.baud else ""
        click.echo(
            f"See what it reads: hangtag readers watch {port} --protocol {found.protocol}{speed}"
        )
    else:
        raise ReaderError(found.sentence)
    if not isinstance(found, Found):
        sys.exit(1)


def _say_step(step: Step) -> None:
    """Tell somebody who waits what is being done; the answer alone goes to standard output."""
    at = f" at {step.baud} baud" if step.baud else ""
    words = {
        "listen": f"Listening{at} …",
        "ask": f"Asking {step.protocol}{at} …",
        "details": f"{step.protocol} answers{at}; asking what it is …",
        "scan": f"Nothing has spoken yet. A barcode scanner? Scan something now ({at.strip()}).",
    }
    click.echo(words[step.kind].replace(" ()", ""), err=True)


@readers.command()
@click.option("--protocol", "name", required=True, help=f"One of {', '.join(PROTOCOLS)}.")
@click.option(
    "--from",
    "side",
    type=click.Choice(["reader", "host"]),
    default="reader",
    help="Whose bytes they are.",
)
@click.option("--json", "as_json", is_flag=True, help="The output is JSON lines in any case.")
@click.argument("file", type=click.Path(dir_okay=False), default="-")
def decode(name: str, side: str, as_json: bool, file: str) -> None:
    """Decode hex chunks, a line each, from FILE or standard input."""
    entry = protocol(name)
    if side == "host" and entry.host_codec is None:
        raise ReaderError(f"Cannot decode a host's bytes of {name}: its host says nothing.")
    codec = entry.host_codec() if side == "host" and entry.host_codec else entry.codec()
    if file == "-":
        decode_lines(sys.stdin, codec, sys.stdout)
        return
    try:
        with Path(file).open(encoding="utf-8") as lines:
            decode_lines(lines, codec, sys.stdout)
    except OSError as error:
        raise ReaderError(f"Cannot read {file}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ReaderError(f"Cannot read {file}: expected hex text, got other bytes.") from error


def read_line(read: TagRead, number: int) -> str:
    """Return the JSON line of `read.tree()` with its running number.

    Every common value is a number, null or hex, so that the line needs no encoder: a capture of a
    day holds millions of them.
    """
    antenna, index = read.antenna, read.frequency_index
    line = (
        f'{{"type": "read", "kind": "tag", "epc": "{read.epc.hex()}", "rssi_dbm": '
        f"{'null' if read.rssi_dbm is None else read.rssi_dbm}, "
        f'"rssi_raw": {"null" if read.rssi_raw is None else read.rssi_raw}, '
        f'"antenna": {"null" if antenna is None else antenna}, '
    )
    if read.pc is not None:
        line += f'"pc": "{read.pc:04x}", '
    if read.tag_crc is not None:
        line += f'"tag_crc": "{read.tag_crc:04x}", '
    if index is not None:
        line += f'"frequency_index": {index}, "frequency_mhz": {read.frequency_mhz}, '
        if antenna is not None:
            line += f'"freq_ant": "0x{index << 2 | (antenna - 1) & 3:02X}", '
    if read.read_count is not None:
        line += f'"read_count": {read.read_count}, '
    if read.phase is not None:
        line += f'"phase": {read.phase}, '
    for name, value in read.more:
        line += f"{_MORE_ENCODED(name)}: {_MORE_ENCODED(value)}, "
    return f'{line}"frame": "{read.frame.hex()}", "n": {number}}}'


def decode_lines(lines: Iterable[str], codec: Codec, out: IO[str]) -> None:
    """Write one JSON line an item; what was good before a bad line is written too."""
    pending: list[str] = []
    size = number = 0
    frame: bytes | None = None
    encode: Callable[[object], str] = json.JSONEncoder(ensure_ascii=False).encode

    def told(items: list[Item]) -> None:
        nonlocal size, number, frame
        for item in items:
            # The tags of one frame share it.
            if not isinstance(item, Noise) and item.frame is not frame:
                number += 1
                frame = item.frame
            if isinstance(item, TagRead):
                pending.append(read_line(item, number))
            elif isinstance(item, Noise):
                pending.append(encode(item.tree()))
            else:
                pending.append(encode(item.tree() | {"n": number}))
            size += len(pending[-1])
        # Somebody may be watching the other end of a pipe; a file is written in large pieces.
        if size > OUT_SIZE or out.isatty():
            out.write("\n".join(pending) + "\n" if pending else "")
            pending.clear()
            size = 0

    try:
        for position, line in enumerate(lines, 1):
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            try:
                chunk = bytes.fromhex(text)
            except ValueError as error:
                raise ReaderError(
                    f"Cannot read line {position} as hex: got {text[:40]!r}."
                ) from error
            told(codec.receive(chunk))
        told(codec.flush())
    finally:
        if pending:
            out.write("\n".join(pending) + "\n")
        out.flush()


@readers.command()
@click.option("--protocol", "name", type=NAMES, required=True, help="What the device speaks.")
@click.option(
    "--port",
    type=click.Choice(["pty", "tcp", "tls", "http", "mqtt", "webhook"]),
    default="pty",
    help="What the host opens.",
)
@click.option("--tcp-port", type=click.IntRange(0, 65535), default=0, help="0 takes a free one.")
@click.option(
    "--certificate",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="PEM file with its key: tls, http and mqtt are then spoken through TLS.",
)
@click.option("--wire-log", type=click.Path(dir_okay=False), help="One JSON line a good frame.")
@click.option("--baud", type=int, help="On a pty: the only speed at which it is understood.")
@click.option("--chunk", type=click.IntRange(0), default=0, help="Cut frames to 1…N bytes.")
@click.option("--noise", type=click.FloatRange(0, 1), default=0.0, help="Chance of noise a frame.")
@click.option("--seed", type=int, default=1, help="Makes the faults repeatable.")
@click.option("--json", "as_json", is_flag=True, help="Answers as JSON lines.")
def emulate(
    name: str,
    port: PortKind,
    tcp_port: int,
    certificate: Path | None,
    wire_log: str | None,
    baud: int | None,
    chunk: int,
    noise: float,
    seed: int,
    as_json: bool,
) -> None:
    """Be a reader on a pty or a network, told by lines on standard input.

    Lines: `show EPC…`, `hide EPC…`, `clear`, `scan TEXT`, `scan ]C1 TEXT`, `unplug`, `plug`,
    `flip N`, `swallow N`. The end of input ends it.
    """
    from readers.emulated.emulation import EmulatedReader, Faults

    reader = EmulatedReader(
        name,
        name,
        port=port,
        tcp_port=tcp_port,
        certificate=certificate,
        wire_log=wire_log,
        baud=baud,
        faults=Faults(chunk_size_max=chunk, noise_rate=noise, seed=seed),
    )
    try:
        _say({"url": reader.url, "protocol": name}, as_json)
        for line in sys.stdin:
            if not line.strip():
                continue
            try:
                _say({"done": line.strip(), "ok": _obey(reader, line.split())}, as_json)
            except (ReaderError, ValueError) as error:
                _say({"error": str(error)}, as_json)
            sys.stdout.flush()
    except KeyboardInterrupt:
        pass
    finally:
        reader.stop()


def _obey(reader: EmulatedReader, words: list[str]) -> bool:
    verb, rest = words[0], words[1:]
    if verb in ("show", "hide"):
        epcs = [bytes.fromhex(word) for word in rest]
        reader.show(epcs) if verb == "show" else reader.hide(epcs)
    elif verb == "scan" and rest:
        aim = rest.pop(0) if rest[0].startswith("]") and len(rest) > 1 else None
        return reader.scan(" ".join(rest), aim)
    elif verb in ("flip", "swallow"):
        count = int(rest[0]) if rest else 1
        reader.flip_bits(count) if verb == "flip" else reader.swallow_next(count)
    elif verb in ("clear", "unplug", "plug"):
        {"clear": reader.clear, "unplug": reader.unplug, "plug": reader.plug}[verb]()
    else:
        raise ReaderError(
            f"Cannot do {' '.join(words)!r}: expected show, hide, clear, scan, unplug, plug,"
            " flip or swallow."
        )
    return True


def _say(tree: dict[str, object], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(tree, ensure_ascii=False))
    else:
        click.echo("  ".join(f"{key}: {value}" for key, value in tree.items()))
    sys.stdout.flush()
