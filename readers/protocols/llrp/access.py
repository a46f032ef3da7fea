"""What a played reader does to a tag when an AccessSpec fits it: read, write, lock, kill.

Source: LLRP 1.0.1, sections 11.2 and 16.2.1 (operations, results); EPC Gen2 lock bits.
"""

from __future__ import annotations

from collections.abc import Callable

from readers.emulated.tag_memory import EmulatedTag, Outcome
from readers.protocols.llrp.structure import Parameter

_WRITE_CODES: dict[Outcome, int] = {"ok": 0, "overrun": 1, "locked": 2, "password": 4}
_LOCK_CODES: dict[Outcome, int] = {"ok": 0, "overrun": 2, "locked": 2, "password": 2}
_OVERRUN, _NO_RESPONSE, _NON_SPECIFIC = 4, 2, 1
_LOCK_BITS = {0: 0b10, 1: 0b11, 2: 0b01, 3: 0b00}
"""Privilege (by password, for ever, open for ever, open) → the tag's two lock bits."""


def _number(part: Parameter, name: str) -> int:
    return int(str(part.fields[name]))


def _password(part: Parameter, name: str = "access_password") -> int:
    return int(str(part.fields[name]), 16)


def fits(spec: Parameter, tag: EmulatedTag) -> bool:
    """Tell whether a tag is one that an AccessSpec is for."""
    command = spec.part("AccessCommand")
    chosen = command.part("C1G2TagSpec") if command is not None else None
    for target in chosen.parts if chosen is not None else ():
        if target.name != "C1G2TargetTag":
            continue
        bits = _number(target, "data_bits")
        data = bytes.fromhex(str(target.fields["data"]))
        is_same = tag.matches(_number(target, "bank"), _number(target, "bit_pointer"), bits, data)
        if is_same != bool(target.fields["is_match"]):
            return False
    return True


def results_of(spec: Parameter, tag: EmulatedTag) -> list[Parameter]:
    """Do to a tag what an AccessSpec asks for; return the results, none if it is not meant."""
    command = spec.part("AccessCommand")
    if command is None or not fits(spec, tag):
        return []
    return [_DOES[part.name](part, tag) for part in command.parts if part.name in _DOES]


def _read(part: Parameter, tag: EmulatedTag) -> Parameter:
    held, code = None, _NON_SPECIFIC
    if tag.knows(_password(part)):
        held, code = tag.read(
            _number(part, "bank"), _number(part, "word_pointer"), _number(part, "word_count")
        ), _OVERRUN  # fmt: skip
    return Parameter.of(
        "C1G2ReadOpSpecResult", result=code if held is None else 0,
        op_spec_id=part.fields["op_spec_id"], data=(held or b"").hex(),
    )  # fmt: skip


def _write(part: Parameter, tag: EmulatedTag) -> Parameter:
    data = bytes.fromhex(str(part.fields["data"]))
    done = tag.write(_number(part, "bank"), _number(part, "word_pointer"), data, _password(part))
    name = "C1G2WriteOpSpecResult" if part.name == "C1G2Write" else "C1G2BlockWriteOpSpecResult"
    return Parameter.of(
        name, result=_WRITE_CODES[done], op_spec_id=part.fields["op_spec_id"],
        words_written=len(data) // 2 if done == "ok" else 0,
    )  # fmt: skip


def _lock(part: Parameter, tag: EmulatedTag) -> Parameter:
    mask = action = 0
    for payload in part.parts:
        if payload.name != "C1G2LockPayload":
            continue
        shift = 8 - 2 * _number(payload, "data_field")
        if shift >= 0:
            mask |= 0b11 << shift
            action |= _LOCK_BITS.get(_number(payload, "privilege"), 0) << shift
    done = tag.lock(mask, action, _password(part))
    return Parameter.of(
        "C1G2LockOpSpecResult", result=_LOCK_CODES[done], op_spec_id=part.fields["op_spec_id"]
    )


def _kill(part: Parameter, tag: EmulatedTag) -> Parameter:
    password = _password(part, "kill_password")
    code = 0 if tag.kill(password) == "ok" else 3 if password else 1
    return Parameter.of("C1G2KillOpSpecResult", result=code, op_spec_id=part.fields["op_spec_id"])


_DOES: dict[str, Callable[[Parameter, EmulatedTag], Parameter]] = {
    "C1G2Read": _read, "C1G2Write": _write, "C1G2BlockWrite": _write, "C1G2Lock": _lock,
    "C1G2Kill": _kill,
}  # fmt: skip
