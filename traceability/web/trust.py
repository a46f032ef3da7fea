"""The porch: what a phone sees before it trusts the certificate of the house.

This page comes over the plain door, so it holds nothing private. The key of a device stands behind
the # of its address: browsers never send that part. Once the phone trusts, the page goes on to the
safe door with it; where trusting is refused, it goes on here, without a camera, and says so.
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from traceability.web.access import POLICY, open_to_all
from traceability.web.doors import Door, door
from traceability.web.network import network, outer_url

blueprint = Blueprint("trust", __name__)

DEVICES = (("android", ("Android",)), ("ios", ("iPhone", "iPad")), ("windows", ("Windows",)))
"""Which steps are shown first, by a word of the browser's name."""


def _device() -> str:
    name = request.user_agent.string
    return next((one for one, words in DEVICES if any(word in name for word in words)), "")


@blueprint.get("/trust")
@open_to_all
def show() -> BaseResponse:
    """Lead a phone through trusting, or past it."""
    switch = network()
    kept = switch.certificate if switch is not None else None
    safe = outer_url(Door.SAFE)
    page = render_template(
        "trust.html",
        device=_device(),
        certificate=kept,
        safe_url=safe,
        is_safe=request.is_secure,
        is_plain=door() is Door.PLAIN,
    )
    response = Response(page)
    if safe:
        response.headers["Content-Security-Policy"] = f"{POLICY}; connect-src 'self' {safe}"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/trust/hangtag.crt")
@open_to_all
def certificate() -> Response:
    """Hand out the authority's certificate: public, and the only file that leaves its folder."""
    switch = network()
    kept = switch.certificate if switch is not None else None
    if kept is None:
        abort(404)
    response = Response(kept.authority, mimetype="application/x-x509-ca-cert")
    response.headers["Content-Disposition"] = 'attachment; filename="hangtag.crt"'
    response.headers["Cache-Control"] = "no-cache"
    return response


@blueprint.get("/trust/here")
@open_to_all
def here() -> tuple[str, int]:
    """Answer nothing: that the answer comes over the safe door is what the phone wants to know."""
    return "", 204
