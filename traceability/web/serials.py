"""`/api/serials`: a station or a program gets a block of serial numbers and works on alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from flask import Blueprint, Response, jsonify, request

from traceability.commissioning import blocks, serials
from traceability.commissioning.blocks import SerialBlock
from traceability.epcis import body as bodies
from traceability.errors import InvalidEvent, Refused
from traceability.projections.view import View
from traceability.web import access
from traceability.web.reading import current

if TYPE_CHECKING:
    from traceability.ledger.append import Ledger

blueprint = Blueprint("serials", __name__)

BYTES_MAX = 64 * 1024
DEVICE_COUNT_MAX = 1_000
"""Numbers that a device of the house gets at a time; the owner's programs get 100,000."""
BLOCKS_SHOWN = 1_000


@blueprint.post("/api/serials")
@access.allow("device")
def give() -> Response:
    """Give out serial numbers: {"product", "count", "holder", "purpose", "request"}.

    The answer comes when it is durable. The same request again gets the same numbers.
    """
    asked = _asked()
    role, key = access.role(), access.key()
    holder = _text(asked, "holder")
    with current().look() as view:
        product = serials.read_product(_text(asked, "product"), view.namespace)
        if role == "device":
            _check_device(view, product, asked.get("count"))
            # What a device is called, it does not say itself.
            holder = key.title if key is not None else holder
    found = serials.allocate(
        cast("Ledger", current().ledger),
        product,
        _count(asked),
        holder=holder,
        by=access.by(),
        purpose=_text(asked, "purpose", is_needed=False),
        request=_text(asked, "request", is_needed=False),
    )
    return jsonify(_tree(found))


@blueprint.get("/api/serials")
def show() -> Response:
    """Say which serial numbers were given out: of all products, or of ``?product=``."""
    wanted = request.args.get("product", "")
    with current().look() as view:
        if wanted:
            product = serials.read_product(wanted, view.namespace)
            found = {product: blocks.given(view, product)}
        else:
            found = blocks.products(view)
        tree = [
            {
                "product": product,
                "given": sum(one.count for one in all_),
                "left": blocks.left(view, product),
                "blocks": [_tree(one) for one in all_[-BLOCKS_SHOWN:]],
            }
            for product, all_ in sorted(found.items())
        ]
    return jsonify({"products": tree})


def _tree(block: SerialBlock) -> dict[str, Any]:
    return {
        "product": block.product,
        "first": block.first,
        "last": block.last,
        "count": block.count,
        "holder": block.holder,
        "by": block.by,
        "purpose": block.purpose,
        "request": block.request,
        "position": block.position,
    }


def _check_device(view: View, product: str, count: object) -> None:
    if not view.master("product", [product]):
        raise Refused(
            f"Cannot give out serial numbers of {product} to a device: nobody has entered this "
            "product here."
        )
    if isinstance(count, int) and count > DEVICE_COUNT_MAX:
        raise Refused(
            f"Cannot give out {count} serial numbers to a device: expected at most "
            f"{DEVICE_COUNT_MAX} at a time."
        )


def _asked() -> Mapping[str, Any]:
    tree = bodies.parse(request.get_data(), size_max=BYTES_MAX)
    if not isinstance(tree, Mapping):
        raise InvalidEvent(
            f"Cannot give out serial numbers: expected a JSON object, got {type(tree).__name__}."
        )
    return tree


def _text(asked: Mapping[str, Any], member: str, *, is_needed: bool = True) -> str:
    value = asked.get(member)
    if value is None and not is_needed:
        return ""
    if not isinstance(value, str) or (is_needed and not value.strip()):
        raise InvalidEvent(
            f"Cannot give out serial numbers: expected {member} as text, got {value!r}."
        )
    return value.strip()


def _count(asked: Mapping[str, Any]) -> int:
    value = asked.get("count")
    if type(value) is not int:
        raise InvalidEvent(
            f"Cannot give out serial numbers: expected count as a whole number, got {value!r}."
        )
    return value
