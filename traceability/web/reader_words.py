"""What is said of a port and of the reader on it, in the language of whoever looks."""

from __future__ import annotations

from dataclasses import dataclass, replace

from traceability.floor_values import (
    Finding,
    Hint,
    KnownReader,
    Nothing,
    PlacedReader,
    Plugged,
    Trouble,
)
from traceability.web.sentences import LazyString, lazy_gettext, ngettext
from traceability.web.sentences import gettext as _
from traceability.web.words import group_thousands, number

REGIONS = {
    "eu": lazy_gettext("EU"),
    "us": lazy_gettext("US"),
    "cn": lazy_gettext("China, 920 to 925 MHz"),
    "cn840": lazy_gettext("China, 840 to 845 MHz"),
    "kr": lazy_gettext("Korea"),
    "in": lazy_gettext("India"),
    "jp": lazy_gettext("Japan"),
    "au": lazy_gettext("Australia"),
    "nz": lazy_gettext("New Zealand"),
    "own": lazy_gettext("frequencies of its own"),
}
STATES = {
    "working": ("pass", lazy_gettext("working")),
    "starting": ("ready", lazy_gettext("starting")),
    "paused": ("late", lazy_gettext("paused for a look")),
    "down": ("down", lazy_gettext("cannot be heard")),
    "stopped": ("stop", lazy_gettext("stopped")),
}
"""State of a placed reader → the shape it has on the page, its word."""

_Sentences = tuple[str, LazyString, LazyString]

STEPS: dict[str, _Sentences] = {
    "listen": (
        "reading",
        lazy_gettext("Listening"),
        lazy_gettext("At most ten seconds. Nothing in the reader is changed."),
    ),
    "ask": (
        "reading",
        lazy_gettext("Asking"),
        lazy_gettext("At most ten seconds. Nothing in the reader is changed."),
    ),
    "details": (
        "reading",
        lazy_gettext("Somebody answers"),
        lazy_gettext("At most ten seconds. Nothing in the reader is changed."),
    ),
    "scan": (
        "again",
        lazy_gettext("Scan something now"),
        lazy_gettext(
            "No reader of tags has answered. A barcode scanner speaks only when it scans; if "
            "nothing comes, scan once more."
        ),
    ),
}
NOTHING: dict[str, _Sentences] = {
    "silent": (
        "unknown",
        lazy_gettext("Nothing spoke"),
        lazy_gettext(
            "See that the reader has power and its cable is in. With a barcode scanner or a card "
            "reader, find out again, and scan or hold a card to it when the page says so."
        ),
    ),
    "noise": (
        "unknown",
        lazy_gettext("Something speaks, but no reader that is known here"),
        lazy_gettext(
            "What comes is garbled, as it is at a wrong speed: all usual ones were tried. Set the "
            "reader to its usual speed with its maker's program, then find out again."
        ),
    ),
    "echo": (
        "unknown",
        lazy_gettext("The line only repeats what it is told"),
        lazy_gettext(
            "A cable without a reader does so, or a modem. Put the reader's cable in, then find "
            "out again."
        ),
    ),
    "occupied": (
        "again",
        lazy_gettext("The reader closed the connection at once"),
        lazy_gettext(
            "It speaks with one program at a time. Close the other one, on this PC or on another, "
            "then find out again."
        ),
    ),
    "lost": (
        "down",
        lazy_gettext("The reader went away while it was being asked"),
        lazy_gettext("Put the plug in again, then find out once more."),
    ),
    "unreachable": (
        "down",
        lazy_gettext("Nobody answers at this address"),
        lazy_gettext(
            "See that the reader is switched on, its network cable is in, and the address is right."
        ),
    ),
    "closed": (
        "stop",
        lazy_gettext("This port cannot be opened"),
        lazy_gettext("Put the plug in again, then find out once more."),
    ),
    "stopped": (
        "unknown",
        lazy_gettext("Finding out was stopped"),
        lazy_gettext("Find out again."),
    ),
}
SPOKEN_RAW = ("noise", "unreachable", "closed")
"""Reasons where the machine's own words help whoever is called for help."""
TROUBLES: dict[str, _Sentences] = {
    "group": (
        "stop",
        lazy_gettext("You may not open this port: it belongs to a group that you are not in"),
        lazy_gettext("Type this in a terminal, then log out and in again:"),
    ),
    "log in": (
        "again",
        lazy_gettext("You may open this port, but this session does not know it yet"),
        lazy_gettext("Log out and in again, then start Hangtag once more."),
    ),
    "root": (
        "stop",
        lazy_gettext("Only the administrator may open this port"),
        lazy_gettext("Type this in a terminal:"),
    ),
    "modem manager": (
        "stop",
        lazy_gettext("ModemManager takes this reader for a modem and holds its port"),
        lazy_gettext("Type this in a terminal, then plug the reader in again:"),
    ),
    "braille": (
        "stop",
        lazy_gettext("brltty takes this reader for a braille display and holds its port"),
        lazy_gettext("Type this in a terminal, then plug the reader in again:"),
    ),
    "gps": (
        "stop",
        lazy_gettext("gpsd takes this reader for a satellite receiver and holds its port"),
        lazy_gettext("Type this in a terminal, then plug the reader in again:"),
    ),
    "service": (
        "stop",
        lazy_gettext("A service of this PC holds this port"),
        lazy_gettext("Type this in a terminal, then plug the reader in again:"),
    ),
    "browser": (
        "stop",
        lazy_gettext("A page in another browser holds this port"),
        lazy_gettext("Close that page, or end the browser in a terminal:"),
    ),
    "hidden": (
        "stop",
        lazy_gettext("A program of another user holds this port"),
        lazy_gettext("This names it in a terminal; close it:"),
    ),
    "ours": (
        "again",
        lazy_gettext("Hangtag itself reads this port at the moment"),
        lazy_gettext("Wait until that is over, or take the reader away from its step."),
    ),
    "held": (
        "stop",
        lazy_gettext("Another program holds this port"),
        lazy_gettext("Close that program, or end it in a terminal:"),
    ),
    "taken": (
        "stop",
        lazy_gettext("Another program holds this port"),
        lazy_gettext("Close the program that reads it."),
    ),
    "missing": (
        "down",
        lazy_gettext("Nothing is plugged in here now"),
        lazy_gettext("Put the plug in again; the page notices it by itself."),
    ),
    "no port": (
        "stop",
        lazy_gettext("This name is no serial port"),
        lazy_gettext(
            "Use the name of a port, such as /dev/ttyUSB0, or an address such as 192.168.1.50:4001."
        ),
    ),
    "unseen": (
        "stop",
        lazy_gettext("This port cannot be opened"),
        lazy_gettext("Put the plug in again, then find out once more."),
    ),
}
UNSEEN: dict[str, _Sentences] = {
    "keyboard": (
        "pass",
        lazy_gettext("It types like a keyboard: no port is needed"),
        lazy_gettext("Open Scan, then scan: what it types is taken on every page."),
    ),
    "no driver": (
        "stop",
        lazy_gettext("A serial plug, but this PC has not loaded its driver"),
        lazy_gettext("Type this in a terminal:"),
    ),
    "braille": (
        "stop",
        lazy_gettext("A serial plug, but brltty has taken it for a braille display"),
        lazy_gettext("Type this in a terminal, then plug the reader in again:"),
    ),
    "taken": (
        "stop",
        lazy_gettext("A serial plug, but a program has taken it away from the system"),
        lazy_gettext(
            "A virtual machine does so, or the maker's own software. Close it, then plug the "
            "reader in again."
        ),
    ),
    "storage": (
        "unknown",
        lazy_gettext("Seen as a disk, not as a reader"),
        lazy_gettext("It may hold the driver that it needs: look into it."),
    ),
    "other": (
        "unknown",
        lazy_gettext("The PC sees it, but it is no serial port"),
        lazy_gettext("See in its manual how it is set to USB serial (virtual COM)."),
    ),
}
"""What is plugged in without a port → why, and what to do."""
HINTS: dict[str, LazyString] = {
    "pushing": lazy_gettext(
        "It speaks by itself, as whoever had it before has set it. It is used as it is."
    ),
    "address": lazy_gettext(
        "It is set to address %(detail)s; it is spoken to whatever its address is."
    ),
    "password": lazy_gettext(
        "It does not let us in. Set its user and password back to those it left the factory with."
    ),
    "antenna": lazy_gettext(
        "It says that an antenna is missing or broken: screw the cable on, try another one."
    ),
    "no antenna": lazy_gettext("Nothing is connected to antenna %(detail)s."),
    "heat": lazy_gettext("It says that it is too hot: let it cool, and give it air."),
    "supply": lazy_gettext("It says that it gets too little power: use its own power supply."),
    "refuses": lazy_gettext("It refuses to read."),
    "weak": lazy_gettext(
        "It sends with %(detail)s dBm, which reaches a hand: 20 to 30 dBm reach a gate."
    ),
    "region": lazy_gettext(
        "It is set to region %(detail)s: tags answer only where it may send. Is that your country?"
    ),
    "tag": lazy_gettext(
        "Hold a UHF tag a hand's width before the antenna, not on metal, not in the hand."
    ),
}
_SAID = ("password", "antenna", "heat", "supply", "refuses")
"""Hints whose detail is what the reader said, in its own words."""
REFUSED: dict[str, _Sentences] = {
    "address": (
        "stop",
        lazy_gettext("This is no address of a reader"),
        lazy_gettext(
            "Use the name of a port, such as /dev/ttyUSB0, or an address such as 192.168.1.50:4001."
        ),
    ),
    "busy": (
        "again",
        lazy_gettext("This port is being looked at already"),
        lazy_gettext("Wait until that is over, at most ten seconds."),
    ),
    "placed": (
        "again",
        lazy_gettext("This reader stands somewhere already"),
        lazy_gettext("Take it away there first, then place it here."),
    ),
    "unknown": (
        "again",
        lazy_gettext("Nobody knows yet what speaks on this port"),
        lazy_gettext("Find out first."),
    ),
    "stuck": (
        "again",
        lazy_gettext("The reader is not let go of at the moment"),
        lazy_gettext("Try again in a few seconds."),
    ),
    "full": (
        "stop",
        lazy_gettext("There are too many already"),
        lazy_gettext("Take away what is not used any more."),
    ),
    "choose": (
        "again",
        lazy_gettext("Nothing was chosen"),
        lazy_gettext("Press the step at which the reader stands."),
    ),
    "stage": (
        "again",
        lazy_gettext("This step is not one of yours any more"),
        lazy_gettext("Choose another step."),
    ),
    "mute": (
        "again",
        lazy_gettext("This reader has no sound that can be asked for"),
        lazy_gettext("Unplug it and see which row goes, or read with it and see its light."),
    ),
    "unheard": (
        "down",
        lazy_gettext("The reader does not answer"),
        lazy_gettext("See that it has power and its cable is in, then try again."),
    ),
    "gone": (
        "again",
        lazy_gettext("This reader is not here any more"),
        lazy_gettext("The list below is as it is now."),
    ),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What a person is told: what is so, what to do, and what to type where that helps."""

    state: str
    title: str
    line: str = ""
    command: str = ""
    raw: str = ""
    """What a machine said, as it said it."""


def reader_sentence(known: KnownReader) -> str:
    """Say what a reader is: `R200, 115 200 baud, 26 dBm, region EU`."""
    title = _("barcode scanner") if known.reads == "barcodes" else known.title
    words = [title]
    if known.baud is not None:
        words.append(_("%(speed)s baud", speed=group_thousands(known.baud)))
    if known.power_dbm:
        powers = " / ".join(str(number(each)) for each in known.power_dbm)
        words.append(_("%(power)s dBm", power=powers))
    if known.region:
        words.append(_("region %(region)s", region=REGIONS[known.region]))
    if known.text:
        words.append(_("scanned %(text)s", text=known.text))
    sentence = ", ".join(words)
    return sentence[:1].upper() + sentence[1:]


def reader_details(known: KnownReader) -> str:
    """Say which make and firmware it is; empty if it did not say."""
    words = [known.model] if known.model else []
    if known.firmware:
        words.append(_("firmware %(version)s", version=known.firmware))
    return " · ".join(words)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to know or to try."""

    sentence: str
    raw: str = ""
    """What the reader said, as it said it."""


def hint_line(hint: Hint) -> Line:
    """Say one thing about a reader."""
    detail = hint.detail
    if hint.kind == "region":
        detail = str(REGIONS.get(detail, detail))
    elif detail.replace(".", "", 1).isdigit():
        detail = str(number(float(detail)))
    sentence = str(HINTS[hint.kind])
    if hint.kind in _SAID:
        return Line(sentence, hint.detail)
    return Line(sentence % {"detail": detail} if "%(" in sentence else sentence)


def unseen_told(device: Plugged) -> Told:
    """Say why something that is plugged in has no port, and what to do."""
    return replace(_told(UNSEEN[device.kind]), command=device.command)


def step_told(finding: Finding) -> Told:
    """Say what is being done to find out."""
    told = _told(STEPS[finding.step])
    if finding.baud is None or finding.step not in ("listen", "ask"):
        return told
    speed = _("%(speed)s baud", speed=group_thousands(finding.baud))
    return replace(told, title=f"{told.title}, {speed}")


def nothing_told(nothing: Nothing) -> Told:
    """Say why no reader was recognised, and what to do."""
    if nothing.trouble is not None:
        return trouble_told(nothing.trouble)
    told = _told(NOTHING[nothing.reason])
    return replace(told, raw=nothing.sentence) if nothing.reason in SPOKEN_RAW else told


def trouble_told(trouble: Trouble) -> Told:
    """Say why a port cannot be opened, and the command that helps."""
    told = _told(TROUBLES[trouble.kind])
    # Whose it is, is a name: of a group, of a program, or what the system said.
    is_named = trouble.kind in ("group", "held", "service", "browser")
    title = f"{told.title}: {trouble.detail}" if is_named else told.title
    raw = trouble.detail if trouble.kind == "unseen" else ""
    return replace(told, title=title, command=trouble.command, raw=raw)


def refused_told(kind: str, count: int = 0) -> Told:
    """Say why the floor did not do what it was asked."""
    if kind == "unsent":
        title = ngettext(
            "%(num)s read is not in the record yet",
            "%(num)s reads are not in the record yet",
            count,
        )
        return Told("again", title, _("Take the reader away when nothing waits any more."))
    return _told(REFUSED.get(kind, REFUSED["gone"]))


def placed_told(reader: PlacedReader, trouble: Trouble | None) -> Told | None:
    """Say what is wrong with a placed reader and what to do; None if nothing is.

    Args:
        reader: The reader.
        trouble: What is known of its port.
    """
    if reader.state == "stopped":
        line = _("If its step is off or gone, switch it on again, or place the reader elsewhere.")
        return Told("stop", _("This reader's station has stopped"), line, raw=reader.problem)
    if reader.state != "down":
        return None
    if trouble is not None:
        return trouble_told(trouble)
    line = _(
        "Use a hand scanner or a phone meanwhile. See that the reader has power and its plug is "
        "in; it comes back by itself."
    )
    return Told("down", _("The reader cannot be heard"), line, raw=reader.problem)


def _told(sentences: _Sentences) -> Told:
    state, title, line = sentences
    return Told(state, str(title), str(line))
