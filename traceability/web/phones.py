"""Phones and a second screen: open Hangtag to the network of the house, and let devices in.

One touch opens the doors, one touch on a step makes a link that works there alone. The phone scans
its code, is led through trusting the certificate, and stands at its step.
"""

from __future__ import annotations

import re

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from traceability.errors import Refused
from traceability.flow import Stage
from traceability.projections import keys
from traceability.projections.keys import Key
from traceability.projections.view import View
from traceability.web import access
from traceability.web.clock import now
from traceability.web.doors import Door
from traceability.web.keys import DAYS, key_row, make_key, square, stage_title, ticket
from traceability.web.layout import MenuEntry
from traceability.web.network import network, outer_url
from traceability.web.reading import current
from traceability.web.sentences import lazy_gettext

blueprint = Blueprint("phones", __name__)
MENU = MenuEntry(lazy_gettext("Phones"), "phones.show", 75, is_shown=lambda: network() is not None)

_NUMBERED = re.compile(r"-\d+")


@blueprint.get("/phones")
@access.only("admin")
def show() -> str:
    """Show the switch, the steps that a device can be let in at, and the devices."""
    switch = network()
    with current().look() as view:
        devices = [one for one in keys.keys(view) if one.kind == "device"]
        open_ones = [key_row(view, one) for one in devices if one.state(now()) == "open"]
        stages = view.flow.stages
        made = ticket(view, request.args.get("made", ""))
    plain = outer_url(Door.PLAIN)
    return render_template(
        "phones.html",
        switch=switch,
        is_open=switch is not None and switch.is_open,
        addresses=switch.addresses if switch is not None else (),
        certificate=switch.certificate if switch is not None else None,
        safe_url=outer_url(Door.SAFE),
        plain_url=plain,
        trust_square=square(f"{plain}/trust") if plain else "",
        devices=open_ones,
        stages=stages,
        made=made,
        comes_from_outside=not access.is_loopback_host(request.host),
    )


@blueprint.post("/phones/network")
@access.only("admin")
def turn() -> BaseResponse:
    """Open the doors to the network, or close them."""
    switch = network()
    if switch is None:
        raise Refused(
            "Cannot open this server to the network from its page: it was started with "
            "hangtag serve. Start the workshop with hangtag start."
        )
    wish = request.form.get("turn", "")
    if wish == "open":
        switch.open()
    elif wish == "close":
        switch.close()
    else:
        raise Refused(f"Cannot turn the network {wish!r}: expected open or close.")
    return redirect(url_for("phones.show"), 303)


@blueprint.post("/phones/devices")
@access.only("admin")
def add() -> BaseResponse:
    """Make the link of a device that stands at a step, and show its code."""
    wish = request.form.get("stage", "")
    with current().look() as view:
        stage = next((one for one in view.flow.stages if one.name == wish), None)
        if stage is None:
            known = ", ".join(one.name for one in view.flow.stages)
            raise Refused(f"Cannot let a device in at step {wish!r}: expected one of {known}.")
        title = _free_title(stage, keys.keys(view))
        place = place_of(view, stage)
    made = make_key("device", title, days=DAYS["device"][0], stage=stage.name, place=place)
    return redirect(url_for("phones.show", made=made.id) + "#made", 303)


def place_of(view: View, stage: Stage) -> str:
    """Return the key of a step's own place, if the workshop has entered one."""
    key = f"//{view.namespace}/loc/{stage.name}"
    return key if key in view.master("place", [key]) else ""


def _free_title(stage: Stage, there: list[Key]) -> str:
    """Name a device after its step; the second one there is "Sewing-2"."""
    title = stage_title(stage)[: keys.TITLE_LENGTH_MAX - 4]
    taken = {one.title for one in there if one.state(now()) == "open"}
    if title not in taken:
        return title
    return next(
        name for number in range(2, keys.KEYS_MAX + 2) if (name := f"{title}-{number}") not in taken
    )
